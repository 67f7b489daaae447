package sim

class StageList extends Section {
  List<StageModel> stages
  String where = 'stages'

  void stage(CharSequence name, Closure body) {
    StageModel stage = new StageModel(name: name.toString())
    fill(stage, body)
    int kinds = [stage.steps, stage.stages, stage.branches].count { it }
    if (kinds != 1) {
      throw new IllegalArgumentException("${stage.where}: needs one of steps, stages, parallel, matrix")
    }
    stages << stage
  }
}
