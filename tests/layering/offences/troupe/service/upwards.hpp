#pragma once

#include <thread>

#include <caf/actor.hpp>

#include <troupe/actor/turn_queue.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/node/node.hpp>
std::thread worker;  // not a sans-IO room
