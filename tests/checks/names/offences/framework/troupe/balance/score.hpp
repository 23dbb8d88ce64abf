// The score of a replica: see balance/score.hpp, and `balance::scorer` that adds up, fleet.hpp, which is not there,
// and `pick()`; a word_that_nobody_has, and `w_i` of a formula.
#pragma once

namespace troupe::balance {

/* Also here: `retired::name`, and <sys/socket.h>, which is a system's. */
struct scorer {
  int total_of_all = 0;  // total_of_all, in `unit_less` numbers
  const char* name = "named_in_a_literal // no_comment";
};

}  // namespace troupe::balance
