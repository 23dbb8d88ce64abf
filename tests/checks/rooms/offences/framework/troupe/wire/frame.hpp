#pragma once

#include <caf/all.hpp>
#include <capnp/message.h>

#include <troupe/wire/forgotten.hpp>
