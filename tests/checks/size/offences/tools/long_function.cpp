// { an open bracket in a comment
namespace troupe {

int counted(
    int x) {
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  ++x;
  return x;
}

int short_enough() { return '{'; }

}  // namespace troupe
