#pragma once

#include <caf/actor.hpp>

#include <troupe/calling/call_port.hpp>
#include <troupe/crypto/key.hpp>
#include <troupe/routing/router.hpp>
#include <troupe/serving/server.hpp>
