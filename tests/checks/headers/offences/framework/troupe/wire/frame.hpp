#pragma once

inline bytes frame;
