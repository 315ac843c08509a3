% Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
%
% octave_test.m FILE: which of Octave's products reach a GEMM symbol of libseptet_blas.so, as docs/drop_in.md says;
% products are written to FILE for check_products. Fails if a count differs. counter.cpp makes the environment variable.
1;

function n = calls()
  n = str2double(getenv("SEPTET_BLAS_CALLS"));  % NaN without libseptet_blas.so
end

function expect(what, count, call)
  global failures
  before = calls();
  call();
  got = calls() - before;
  if (got != count)
    printf("%s: %g calls, expected %g\n", what, got, count);
    failures++;
  end
end

function put(file, letter, x)
  x = x(:).';
  if (any(letter == "cz"))
    x = [real(x); imag(x)];
  end
  if (any(letter == "sc"))
    fwrite(file, single(x), "single");
  else
    fwrite(file, x, "double");
  end
end

% a * b, which is call(x, y): one product, and its bits.
function product(file, letter, call, a, b, x, y)
  global failures
  before = calls();
  c = call(x, y);
  if (calls() - before != 1)
    printf("%s %s: %g calls, expected 1\n", letter, func2str(call), calls() - before);
    failures++;
  end
  fwrite(file, [double(letter), rows(a), columns(b), columns(a), double("C")], "int32");
  put(file, letter, a);
  put(file, letter, b);
  put(file, letter, c);
end

function x = random(letter, m, n)
  x = 2 * rand(m, n) - 1;
  if (any(letter == "cz"))
    x = x + 1i * (2 * rand(m, n) - 1);
  end
  if (any(letter == "sc"))
    x = single(x);
  end
end

% Functions with a name: Octave does not join a transpose and a product inside anonymous ones.
function c = nn(a, b) c = a * b; end
function c = tn(a, b) c = a.' * b; end
function c = nt(a, b) c = a * b.'; end
function c = cn(a, b) c = a' * b; end
function c = nc(a, b) c = a * b'; end
function c = self_nt(a, ~) c = a * a'; end
function c = self_tn(a, ~) c = a' * a; end

global failures
failures = 0;
seed = 20240611;
rand("twister", seed);
file = fopen(argv(){1}, "w");
for letter = "sdcz"
  for shape = [3 7 5; 17 600 19; 130 33 70].'
    m = shape(1); k = shape(2); n = shape(3);
    a = random(letter, m, k); b = random(letter, k, n);
    product(file, letter, @nn, a, b, a, b);
    product(file, letter, @tn, a, b, a.', b);
    product(file, letter, @nt, a, b, a, b.');
    product(file, letter, @cn, a, b, a', b);
    product(file, letter, @nc, a, b, a, b');
  end
end
fclose(file);

a = random("d", 200, 300); b = random("d", 300, 250); z = random("z", 300, 250);
expect("A * B", 1, @() a * b);
expect("mtimes(A, B, C)", 2, @() mtimes(a, b, b'));
expect("real * complex", 2, @() a * z);
expect("A * A'", 0, @() self_nt(a));
expect("A' * A", 0, @() self_tn(a));
expect("A * x", 0, @() a * b(:, 1));
expect("x' * A", 0, @() b(:, 1)' * b);
expect("int32", 0, @() int32(5) * int32(a));
expect("sparse * A", 0, @() sparse(a) * b);
expect("A .* A", 0, @() a .* a);
printf("octave %s: seed %d, %g calls, %d unexpected counts\n", version(), seed, calls(), failures);
exit(failures > 0 || isnan(calls()));
