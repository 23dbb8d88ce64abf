// Hosts a user's service in its actor: one record a request that is under way, each with its task.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include <troupe/service/service.hpp>
#include <troupe/serving/request_handler.hpp>

namespace troupe {

class coroutine_host final : public serving::request_handler {
 public:
  coroutine_host(std::unique_ptr<service> hosted, std::shared_ptr<calling::call_port> port)
      : hosted_(std::move(hosted)), port_(std::move(port)) {}

  time_point start(serving::request_ptr request) override;
  void reap(time_point now) override;

 private:
  struct running {
    running(coroutine_host& owner, serving::request_ptr request)
        : ctx(std::move(request), owner.port_), host(owner) {}
    context ctx;
    task<> body;  // after ctx: its frame refers to it, so it must go first
    coroutine_host& host;
    std::list<running>::iterator self;
  };

  static void note_end(void* record);

  std::unique_ptr<service> hosted_;
  std::shared_ptr<calling::call_port> port_;
  std::list<running> running_;
  std::vector<std::list<running>::iterator> ended_;
};

}  // namespace troupe
