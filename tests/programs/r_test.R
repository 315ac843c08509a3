# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#
# r_test.R FILE: which of R's products reach a GEMM symbol of libseptet_blas.so, as docs/drop_in.md lists them; products
# are written to FILE for check_products. Fails if a count differs. counter.cpp makes the environment variable.
calls <- function() as.numeric(Sys.getenv("SEPTET_BLAS_CALLS", "NaN")) # NaN without libseptet_blas.so
failures <- 0

expect <- function(what, count, call) { # `call` is evaluated where it is named
  before <- calls()
  result <- call
  got <- calls() - before
  if (!identical(got, count)) {
    cat(sprintf("%s: %g calls, expected %g\n", what, got, count))
    failures <<- failures + 1
  }
  invisible(result)
}

random <- function(letter, m, n) {
  x <- runif(m * n, -1, 1)
  if (letter == "z") x <- complex(real = x, imaginary = runif(m * n, -1, 1))
  matrix(x, m, n)
}

product <- function(file, letter, what, a, b, call) {
  c <- expect(paste(letter, what), 1, call)
  writeBin(c(utf8ToInt(letter), nrow(a), ncol(b), ncol(a), utf8ToInt("C")), file)
  for (x in list(a, b, c)) writeBin(as.vector(x), file)
}

seed <- 20240611
set.seed(seed)
file <- file(commandArgs(trailingOnly = TRUE)[1], "wb")
for (letter in c("d", "z")) {
  for (shape in list(c(3, 7, 5), c(17, 600, 19), c(130, 33, 70))) {
    a <- random(letter, shape[1], shape[2])
    b <- random(letter, shape[2], shape[3])
    ta <- t(a)
    tb <- t(b)
    product(file, letter, "a %*% b", a, b, a %*% b)
    product(file, letter, "crossprod", a, b, crossprod(ta, b))
    product(file, letter, "tcrossprod", a, b, tcrossprod(a, tb))
  }
}
close(file)

a <- random("d", 200, 300)
b <- random("d", 300, 250)
holed <- a
holed[1, 1] <- NaN
expect("a %*% b", 1, a %*% b)
expect("crossprod(a)", 0, crossprod(a))
expect("tcrossprod(a)", 0, tcrossprod(a))
expect("a %*% t(a)", 1, a %*% t(a))
expect("a %*% x", 0, a %*% b[, 1])
expect("integers", 1, matrix(1:6, 2) %*% matrix(1:6, 3))
expect("with a NaN", 0, holed %*% b)
for (matprod in list(c("internal", 0), c("default", 1), c("blas", 1), c("default.simd", 1))) {
  options(matprod = matprod[1])
  expect(matprod[1], as.numeric(matprod[2]), a %*% b)
}
options(matprod = "blas")
expect("blas, with a NaN", 1, holed %*% b)
cat(sprintf("R %s: seed %d, %g calls, %d unexpected counts\n", getRversion(), seed, calls(), failures))
quit(status = if (failures > 0 || is.nan(calls())) 1 else 0)
