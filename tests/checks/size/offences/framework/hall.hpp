#pragma once

class forward;
struct base_of_it;

class [[nodiscard]] hall final : public base_of_it, std::vector<int> {
 public:
  hall() : field_0_{1}, field_1_(2) {}
  void open(int x) const;

 private:
  static constexpr int not_a_field = 1;
  using alias = int;
  friend class stranger;
  enum class colour { red, green } colour_ = colour::red;
  struct inner {
    int of_the_inner;
  };
  std::function<void(int)> callback_;
  std::array<int, 2> two_, more_{};
  int field_0_ = 0;
  int field_1_ = 1;
  int field_2_ = 2;
  int field_3_ = 3;
  int field_4_ = 4;
  int field_5_ = 5;
  int field_6_ = 6;
  int field_7_ = 7;
  int field_8_ = 8;
  int field_9_ = 9;
  int field_10_ = 10;
  int field_11_ = 11;
  int field_12_ = 12;
  int field_13_ = 13;
  int field_14_ = 14;
  int field_15_ = 15;
  int field_16_ = 16;
  int field_17_ = 17;
  int field_18_ = 18;
  int field_19_ = 19;
  int field_20_ = 20;
  int field_21_ = 21;
  unsigned bits_ : 3 = 1;

  void method_0();
  void method_1();
  void method_2();
  void method_3();
  void method_4();
  void method_5();
  void method_6();
  void method_7();
  void method_8();
  void method_9();
  void method_10();
  void method_11();
  void method_12();
  void method_13();
  void method_14();
  void method_15();
  void method_16();
  void method_17();
  void method_18();
  void method_19();
  template <class T>
  auto made(T t) -> decltype(t) {
    return t;
  }
  bool operator()(int x) const noexcept;
  operator bool() const { return true; }
  explicit(true) hall(int);
  hall(const hall&) = delete;
  static int shared() { return 1; }
};
