#pragma once

using bytes = int;
inline bytes frame;
