#include <troupe/serving/request_list.hpp>

namespace troupe::serving {

void request_list::add(incoming_request& request) {
  request.notes.next = first_;
  if (first_ != nullptr) first_->notes.previous = &request;
  first_ = &request;
}

void request_list::remove(incoming_request& request) {
  auto& notes = request.notes;
  if (notes.previous != nullptr)
    notes.previous->notes.next = notes.next;
  else
    first_ = notes.next;
  if (notes.next != nullptr) notes.next->notes.previous = notes.previous;
  notes.previous = notes.next = nullptr;
}

incoming_request* request_list::find(attempt_id attempt) const {
  auto* request = first_;
  while (request != nullptr && request->attempt() != attempt) request = request->notes.next;
  return request;
}

incoming_request* request_list::take_one() {
  auto* const request = first_;
  if (request != nullptr) remove(*request);
  return request;
}

}  // namespace troupe::serving
