#pragma once

#include <vector>
#include <array>

int  f( int x );
int g(int x);
