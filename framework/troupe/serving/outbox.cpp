#include <utility>

#include <troupe/serving/outbox.hpp>

namespace troupe::serving {

void outbox::open(std::function<void()> wake, std::function<void(item)> taken) {
  home_ = std::this_thread::get_id();
  taken_ = std::move(taken);
  others_.open(std::move(wake));
}

void outbox::put(item answered) {
  if (std::this_thread::get_id() != home_) return others_.post(std::move(answered));
  if (taken_) taken_(std::move(answered));
}

void outbox::close() {
  taken_ = nullptr;
  (void)others_.close();
}

}  // namespace troupe::serving
