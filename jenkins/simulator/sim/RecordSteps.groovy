package sim

import groovy.util.slurpersupport.GPathResult
import hudson.AbortException

// Steps that keep something of the build: stashes, artifacts, test results, pages.
abstract class RecordSteps extends FlowSteps {
  protected static final long CLOCK_SLACK_MS = 3000

  void stash(Map options) {
    only('stash', options, ['name', 'includes', 'excludes', 'allowEmpty', 'useDefaultExcludes'])
    File root = context().path('.')
    List<String> paths = Files.matching(root, options.includes ?: '**')
    if (options.excludes) paths -= Files.matching(root, options.excludes)
    if (!paths && !options.allowEmpty) {
      throw new AbortException("No files included in stash '$options.name'")
    }
    File target = context().build.record("stashes/$options.name")
    target.deleteDir()
    target.mkdirs()
    Files.copy(root, target, paths)
    context().log("Stashed ${paths.size()} file(s)")
  }

  void unstash(CharSequence name) { unstash(name: name) }

  void unstash(Map options) {
    only('unstash', options, ['name'])
    File source = context().build.record("stashes/$options.name")
    if (!source.exists()) throw new AbortException("No such saved stash '$options.name'")
    Files.copy(source, context().path('.'), Files.matching(source, '**'))
  }

  void archiveArtifacts(CharSequence artifacts) { archiveArtifacts(artifacts: artifacts) }

  void archiveArtifacts(Map options) {
    only('archiveArtifacts', options, ['artifacts', 'allowEmptyArchive', 'excludes', 'fingerprint',
                                       'onlyIfSuccessful', 'defaultExcludes', 'caseSensitive'])
    List<String> paths = Files.matching(context().path('.'), options.artifacts)
    if (!paths && !options.allowEmptyArchive) {
      throw new AbortException("No artifacts found that match the file pattern \"$options.artifacts\"")
    }
    Files.copy(context().path('.'), context().build.record('archive'), paths)
  }

  def junit(CharSequence testResults) { junit(testResults: testResults) }

  // Counts as the plugin does, an error as a failure; and, other than the plugin, takes nothing
  // that the schema does not.
  def junit(Map options) {
    only('junit', options, ['testResults', 'allowEmptyResults', 'skipMarkingBuildUnstable',
                            'skipPublishingChecks', 'keepTestNames', 'keepLongStdio',
                            'keepProperties', 'stdioRetention', 'checksName'])
    List<File> files = Files.matching(context().path('.'), options.testResults).collect {
      context().path(it)
    }
    Map<String, Integer> seen = [files: files.size(), total: 0, failed: 0, skipped: 0]
    if (!files) {
      if (options.allowEmptyResults) return summary(seen)
      throw new AbortException('No test report files were found. Configuration error?')
    }
    if (files.every { it.lastModified() < context().build.started - CLOCK_SLACK_MS }) {
      throw new AbortException('Test reports were found but none of them are new. Did leafNodes run?')
    }
    files.each { File file ->
      validate(file)
      count(new XmlSlurper().parse(file), seen)
    }
    context().build.count(seen)
    Files.copy(context().path('.'), context().build.record('junit'),
               Files.matching(context().path('.'), options.testResults))
    context().log("Recorded $seen.total tests of $seen.files files: $seen.failed failed, " +
        "$seen.skipped skipped")
    if (seen.failed > 0 && !options.skipMarkingBuildUnstable) worsen('UNSTABLE')
    return summary(seen)
  }

  protected static void count(GPathResult root, Map<String, Integer> seen) {
    List<GPathResult> cases = root.depthFirst().findAll { it.name() == 'testcase' }
    seen.total += cases.size()
    seen.skipped += cases.count { !it.skipped.isEmpty() }
    seen.failed += cases.count { !it.failure.isEmpty() || !it.error.isEmpty() }
  }

  protected static void validate(File file) {
    String schema = context().build.schema
    if (schema == null) throw new AbortException('junit: the simulator was given no schema')
    Process lint = new ProcessBuilder('xmllint', '--noout', '--schema', schema, file.path)
        .redirectErrorStream(true).start()
    String complaints = lint.inputStream.text
    if (lint.waitFor() != 0) {
      throw new AbortException("junit: $file.name is not as Jenkins' schema has it: $complaints")
    }
  }

  protected static Map<String, Integer> summary(Map<String, Integer> seen) {
    [totalCount: seen.total, failCount: seen.failed, skipCount: seen.skipped,
     passCount: seen.total - seen.failed - seen.skipped]
  }

  void publishHTML(Map given) {
    Map options = given.target instanceof Map ? given.target : given
    only('publishHTML', options, ['allowMissing', 'alwaysLinkToLastBuild', 'keepAll', 'reportDir',
                                  'reportFiles', 'reportName', 'reportTitles', 'includes'])
    File root = context().path(options.reportDir)
    List<String> missing = options.reportFiles.split(',')*.trim().findAll {
      !new File(root, it).exists()
    }
    if (missing) {
      if (options.allowMissing) return
      throw new AbortException("Specified HTML directory '$root' lacks $missing")
    }
    Files.copy(root, context().build.record("htmlreports/$options.reportName"),
               Files.matching(root, '**'))
  }
}
