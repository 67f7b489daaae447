package sim

// What the whole pipeline and a stage have in common.
abstract class BlockModel extends Section {
  AgentModel agent  // absent: that of the block around it, or none
  Closure environment
  OptionsModel options = new OptionsModel()
  PostModel post = new PostModel()
  List<StageModel> stages = []

  void agent(String kind) { agent = kind == 'any' ? new AgentModel() : null }
  void agent(Closure body) { fill(agent = new AgentModel(), body) }
  void environment(Closure body) { environment = body }
  void options(Closure body) { fill(options, body) }
  void post(Closure body) { fill(post, body) }
  void stages(Closure body) { fill(new StageList(stages: stages), body) }
}
