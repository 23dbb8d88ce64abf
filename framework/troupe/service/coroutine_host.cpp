#include <exception>
#include <string>

#include <kj/exception.h>

#include <troupe/actor/clock.hpp>
#include <troupe/service/coroutine_host.hpp>

namespace troupe {

namespace {

/// The handler's last word, where it was an exception.
void answer_exception(context& ctx, const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const application_error& problem) {
    ctx.fail(problem.code(), problem.what());
  } catch (const call_failed& problem) {
    ctx.fail(problem.problem());
  } catch (const kj::Exception& problem) {
    ctx.fail(code::internal, std::string("the handler could not read or write a message: ") +
                                 problem.getDescription().cStr());
  } catch (const std::exception& problem) {
    ctx.fail(code::internal, std::string("the handler threw an exception: ") + problem.what());
  } catch (...) {
    ctx.fail(code::internal, "the handler threw something that is no exception");
  }
}

}  // namespace

time_point coroutine_host::start(serving::request_ptr request) {
  auto& fresh = running_.emplace_back(*this, std::move(request));
  fresh.self = std::prev(running_.end());
  auto& asked = fresh.ctx.request();
  try {
    const auto& method = asked.method();
    fresh.body =
        hosted_->dispatch(fresh.ctx, method.interface_id, method.ordinal, asked.params(), asked.results());
    fresh.body.start(note_end, &fresh);
  } catch (...) {
    // Only what dispatch itself throws lands here (parameters that cannot be read): a task keeps its own.
    answer_exception(fresh.ctx, std::current_exception());
    ended_.push_back(fresh.self);
  }
  const auto after = actor::now();
  reap(after);
  return after;
}

void coroutine_host::note_end(void* record) {
  auto& ended = *static_cast<running*>(record);
  ended.host.ended_.push_back(ended.self);
}

void coroutine_host::reap(time_point now) {
  for (const auto record : ended_) {
    if (const auto thrown = record->body.failure()) answer_exception(record->ctx, thrown);
    record->ctx.request().complete(now);
    running_.erase(record);
  }
  ended_.clear();
}

}  // namespace troupe
