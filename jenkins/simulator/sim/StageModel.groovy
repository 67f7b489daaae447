package sim

class StageModel extends BlockModel {
  String name
  Closure when
  Closure steps
  List<StageModel> branches = []  // parallel, or the cells of a matrix
  boolean failFast = false

  String getWhere() { "stage '$name'" }

  void when(Closure body) { when = body }
  void steps(Closure body) { steps = body }
  void failFast(boolean yes) { failFast = yes }
  void parallel(Closure body) { fill(new StageList(stages: branches), body) }

  void matrix(Closure body) {
    MatrixModel matrix = new MatrixModel()
    fill(matrix, body)
    branches.addAll(matrix.cells())
  }
}
