// The junit step counts what the schema accepts, and refuses the rest.
node {
  String good = '''<testsuites><testsuite name="s" tests="3" failures="1" errors="0" skipped="1" time="0">
<properties><property name="a" value="b"/></properties>
<testcase classname="c" name="one" time="0.1"/><testcase classname="c" name="two" time="0"><failure message="m">t</failure></testcase>
<testcase classname="c" name="three" time="0"><skipped message="no"/></testcase></testsuite></testsuites>'''
  writeFile(file: 'good/deep/a.xml', text: good)
  writeFile(file: 'bad/b.xml', text: good.replace('<testcase ', '<testcase flavour="sweet" '))
  def tests = junit 'good/**/*.xml'
  if ([tests.totalCount, tests.failCount, tests.skipCount, tests.passCount] != [3, 1, 1, 1]) error "$tests"
  if (currentBuild.result != 'UNSTABLE') error "the result is $currentBuild.result"
  junit 'bad/*.xml'
}
