package sim

class AgentModel extends Section {
  String label = ''
  String where = 'agent'

  void label(String text) { label = text }
  void node(Closure body) { fill(this, body) }
  void customWorkspace(String path) {}
}
