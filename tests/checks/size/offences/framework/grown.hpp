struct grown {
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

struct shrunk {
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
