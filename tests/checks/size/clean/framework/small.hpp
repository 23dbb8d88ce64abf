struct small {
  int field;
};

struct listed {
  int a, b;
  int a, b;
  int a, b;
  int a, b;
  int a, b;
  int a, b;
  int a, b;
  int a, b;
  int a, b;
  int a, b;
  int a, b;
  int a, b;
  int a, b;
};
