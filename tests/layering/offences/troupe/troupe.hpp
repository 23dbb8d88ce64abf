#pragma once
#include <troupe/node/node.hpp>
#include <troupe/service/task.hpp>
