// Views need the headers alone.
#include <septet/matrix_view.hpp>

double trace(const double* a, septet::Index n) {
  const auto view = septet::row_major(a, n, n);
  double sum = 0;
  for (septet::Index i = 0; i < n; ++i) sum += view(i, i);
  return sum;
}
