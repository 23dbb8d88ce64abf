#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/field_count.hpp>
#include <troupe/base/time.hpp>

// With linkage: clang takes the conversion to a type without it for one that is used and defined nowhere.
namespace troupe::test {

struct nothing {};
struct inner {
  int a = 0, b = 0;
};
enum class choice_of_two : bool { no, yes };
struct outer {
  inner nested;
  std::string text = "text";
  std::vector<std::string> texts;
  std::map<std::string, int, std::less<>> table;
  std::function<int()> function;
  std::optional<inner> optional;
  duration time{1};
  double number = 0;
  bool flag = false;
  choice_of_two choice = choice_of_two::no;
};

}  // namespace troupe::test

using namespace troupe;
using namespace troupe::test;

TEST_CASE("the members of an aggregate are counted, those of its members not") {
  static_assert(field_count<nothing>() == 0);
  static_assert(field_count<inner>() == 2);
  static_assert(field_count<outer>() == 10);
  CHECK(field_count<outer>() == 10);
}
