#pragma once

#include <capnp/message.h>

#include <troupe/base/ids.hpp>
