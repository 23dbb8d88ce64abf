#include "aim.hpp"

#include "text_table.hpp"

namespace troupe::simulator {

const char* name_of(enum verdict_on_aim::state state) {
  switch (state) {
    case verdict_on_aim::state::met:
      return "met";
    case verdict_on_aim::state::missed:
      return "missed";
    case verdict_on_aim::state::unknown:
      return "unknown";
  }
  return "unknown";
}

verdict_on_aim judge(const aim& wanted, const figure_lookup& figure) {
  const auto own = figure(wanted.of, wanted.figure, {});
  const auto other =
      wanted.times.empty() ? std::optional<double>(1) : figure(wanted.times, wanted.figure, wanted.cell);
  const bool at_most = wanted.is == aim::side::at_most;
  verdict_on_aim into;
  into.text =
      wanted.of + " " + wanted.figure + " " + shown(own) + (at_most ? " <= " : " >= ") + shown(wanted.factor);
  if (!wanted.times.empty()) into.text += " x " + wanted.times + " " + shown(other);
  if (!wanted.cell.empty()) into.text += " (" + wanted.cell + ")";
  if (wanted.plus > 0) into.text += (at_most ? " + " : " - ") + shown(wanted.plus);
  if (!own || !other) return into;
  const double bound = wanted.factor * *other + (at_most ? wanted.plus : -wanted.plus);
  if (!wanted.times.empty() || wanted.plus > 0) into.text += " = " + shown(bound);
  const bool met = at_most ? *own <= bound : *own >= bound;
  into.state = met ? verdict_on_aim::state::met : verdict_on_aim::state::missed;
  return into;
}

}  // namespace troupe::simulator
