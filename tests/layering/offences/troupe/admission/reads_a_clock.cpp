#include <troupe/rpc/safety.hpp>
#include <troupe/serving/server.hpp>
auto now = std::chrono::steady_clock::now();
void wait() { std::this_thread::sleep_for(std::chrono::seconds(1)); }
