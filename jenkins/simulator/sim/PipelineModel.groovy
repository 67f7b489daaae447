package sim

class PipelineModel extends BlockModel {
  ParametersModel parameters = new ParametersModel()
  String where = 'pipeline'

  static PipelineModel of(Closure body) {
    PipelineModel model = new PipelineModel()
    fill(model, body)
    if (!model.stages) throw new IllegalArgumentException('pipeline: lacks stages')
    return model
  }

  void parameters(Closure body) { fill(parameters, body) }
  void triggers(Closure body) {}
}
