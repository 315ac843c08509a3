/* A program of somebody else's, in C, over the BLAS door: 32-bit and 64-bit integers in one process, a batch, and an
 * error that comes back. Exits with 0 if all is as it should be. */
#include <septet/blas.h>

#include <stdio.h>
#include <string.h>

/* As a BLAS' own header declares them. */
void dgemm_(const char* op_a, const char* op_b, const int32_t* m, const int32_t* n, const int32_t* k,
            const double* alpha, const double* a, const int32_t* lda, const double* b, const int32_t* ldb,
            const double* beta, double* c, const int32_t* ldc);
void dgemm_64_(const char* op_a, const char* op_b, const int64_t* m, const int64_t* n, const int64_t* k,
               const double* alpha, const double* a, const int64_t* lda, const double* b, const int64_t* ldb,
               const double* beta, double* c, const int64_t* ldc);

static int failures = 0;

static void expect(int condition, const char* what) {
  if (condition) return;
  printf("blas: wrong: %s\n", what);
  ++failures;
}

static int info_seen = 0;
static void remember(const char* routine, int info, const char* message, void* user) {
  (void)message, (void)user;
  if (strcmp(routine, "DGEMM") == 0) info_seen = info;
}

int main(void) {
  const double a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8}, expected[4] = {23, 34, 31, 46}; /* by columns */
  const double one = 1, zero = 0;
  double c[4] = {-1, -1, -1, -1};
  const int32_t two = 2, short_of = 1;
  const int64_t long_two = 2;
  float batch[2] = {0, 0};
  const float x[2] = {3, 5}, y[2] = {7, 11};

  dgemm_("N", "N", &two, &two, &two, &one, a, &two, b, &two, &zero, c, &two);
  expect(memcmp(c, expected, sizeof c) == 0, "dgemm_");
  memset(c, 0, sizeof c);
  dgemm_64_("N", "N", &long_two, &long_two, &long_two, &one, a, &long_two, b, &long_two, &zero, c, &long_two);
  expect(memcmp(c, expected, sizeof c) == 0, "dgemm_64_");
  cblas_sgemm_batch_strided(101, 111, 111, 1, 1, 1, 1.0f, x, 1, 1, y, 1, 1, 0.0f, batch, 1, 1, 2);
  expect(batch[0] == 21 && batch[1] == 55, "cblas_sgemm_batch_strided");

  septet_blas_set_error_handler(remember, NULL);
  memset(c, 0, sizeof c);
  dgemm_("N", "N", &two, &two, &two, &one, a, &short_of, b, &two, &zero, c, &two);
  expect(info_seen == 8 && c[0] == 0, "an lda that is too small");
  expect(septet_blas_calls() == 4, "the number of calls");
  if (failures == 0) printf("blas: all as it should be, on %s\n", septet_blas_target());
  return failures;
}
