#pragma once

int g(int x);
