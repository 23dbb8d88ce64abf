#pragma once

#include <thread>
#include <vector>

#include <capnp/message.h>
#include <caf/all.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <troupe/base/time.hpp>
#include <troupe/call.capnp.h>
#include <troupe/membership/message.hpp>
#include <troupe/wire/frame.hpp>
