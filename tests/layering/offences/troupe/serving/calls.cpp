#include <troupe/admission/report.hpp>
#include <troupe/calling/router_actor.hpp>
#include <troupe/rpc/safety.hpp>
#include <troupe/service/task.hpp>
auto now = std::chrono::steady_clock::now();
std::mutex guard;
