@0xc3d85892ec1d7da0;
using Troupe = import "/troupe/annotations.capnp";

interface Empty $Troupe.service("") {}
interface Blank $Troupe.service("shop cart") {}
interface Long $Troupe.service(
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789") {}
interface First $Troupe.service("shop.Cart") {}
interface Second $Troupe.service("shop.Cart") {}
interface Twice $Troupe.service("shop.A") $Troupe.service("shop.B") {}
