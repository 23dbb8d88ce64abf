// All that generated code includes.
#pragma once

#include <troupe/service/affinity.hpp>
#include <troupe/service/client.hpp>
#include <troupe/service/context.hpp>
#include <troupe/service/interface.hpp>
#include <troupe/service/service.hpp>
#include <troupe/service/task.hpp>
