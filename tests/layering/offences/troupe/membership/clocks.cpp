// A comment may speak of steady_clock::now() and of std::thread.
/* So may one
   that has several lines: sleep_for(1s). */
#include "clocks.hpp"

const char* text = "steady_clock // and \" std::thread in a literal";
auto now = std::chrono::steady_clock::now();
constexpr auto large = 1'000'000; void pause() { usleep(1'000); }
long seconds = time(nullptr); long mine = message.time(0);
std::thread worker;
thread_local int counter;
std::random_device entropy;
auto dice = rand();
