#pragma once

#include <troupe/routing/internal/call_book.hpp>
#include <troupe/serving/internal/ingress.hpp>
#include <troupe/troupe.hpp>
