// Where KJ's exceptions end: reading untrusted messages through here turns them into errors.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <kj/exception.h>

#include <troupe/base/result.hpp>

namespace troupe::wire {

/// Runs `read`. Errors: invalid_argument, "<what>: <KJ's reason>", if it threw a kj::Exception.
template <class Read>
result<void> catching_kj(std::string_view what, Read&& read) {
  try {
    std::forward<Read>(read)();
    return {};
  } catch (const kj::Exception& problem) {
    return error{code::invalid_argument, std::string(what) + ": " + problem.getDescription().cStr()};
  }
}

}  // namespace troupe::wire
