#pragma once

#include <thread>

#include <caf/actor.hpp>

#include <troupe/balance/policy.hpp>
#include <troupe/node/node.hpp>
#include <troupe/runtime/turns.hpp>
auto now = std::chrono::steady_clock::now();  // not a sans-IO room
