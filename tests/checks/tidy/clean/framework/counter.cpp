#include <framework/counter.hpp>

int read(const counter& of) { return of.value; }
