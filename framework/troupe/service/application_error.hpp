// What a handler throws to answer with an error of its own choice.
#pragma once

#include <stdexcept>
#include <string>

#include <troupe/calling/call_error.hpp>

namespace troupe {

/// `throw troupe::application_error(troupe::code::not_found, "no such cart")`: the caller sees this code and
/// text. Never repeated by the router: the handler was executed.
class application_error : public std::runtime_error {
 public:
  application_error(troupe::code code, const std::string& text) : std::runtime_error(text), code_(code) {}
  troupe::code code() const { return code_; }

 private:
  troupe::code code_;
};

/// What `response::value()` throws. Uncaught in a handler, it becomes the handler's own answer.
class call_failed : public std::runtime_error {
 public:
  explicit call_failed(call_error problem)
      : std::runtime_error(problem.explain()), problem_(std::move(problem)) {}
  const call_error& problem() const { return problem_; }

 private:
  call_error problem_;
};

}  // namespace troupe
