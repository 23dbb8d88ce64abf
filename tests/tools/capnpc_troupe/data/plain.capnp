@0xb90ac5ad5f11e004;
# No service in it: the generated files hold nothing, so that build rules need no exception.

struct Point {
  x @0 :Int32;
  y @1 :Int32;
}
