"""The shape of a C++ file as this project writes them: its classes with their fields and methods, its functions with
their lines. Not a compiler: it follows brackets from declaration to declaration, and does not look into functions.
"""

import re

import source_tree

_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|->|\[\[|\]\]|[^\s\w]")
_OPEN = {"(": ")", "{": "}", "[": "]", "[[": "]]"}
# What may stand behind a function's parameters; after anything else they were a macro's.
_BEHIND_PARAMETERS = {"const", "volatile", "noexcept", "override", "final", "&", "->", "=", ";", "{", ":", "requires",
                      "try", "[["}
# What has parentheses in front of the name that is declared.
_IN_FRONT = {"alignas", "decltype", "explicit", "noexcept", "requires"}


class function:
    def __init__(self, name, line, lines):
        self.name, self.line, self.lines = name, line, lines


class shape_of_class:
    def __init__(self, name, line):
        self.name, self.line = name, line
        self.private_methods, self.fields = 0, 0


def _blank_directives(text):
    """Preprocessor lines, with those that they continue on, as spaces."""
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda found: re.sub(r"[^\n]", " ", found.group()), text,
                  flags=re.MULTILINE)


class _reader:
    def __init__(self, text):
        self.text = text
        code = _blank_directives(source_tree.without_comments(text))
        self.tokens, self.at, self.lines = [], [], []
        line, seen = 1, 0
        for found in _TOKEN.finditer(code):
            line += code.count("\n", seen, found.start())
            seen = found.start()
            self.tokens.append(found.group())
            self.at.append(found.start())
            self.lines.append(line)
        self.tokens += [""] * 4
        self.lines += [line] * 4
        self.functions, self.classes = [], []

    def past_group(self, i):
        """Behind the bracket that closes the one at i."""
        open_, close, depth = self.tokens[i], _OPEN[self.tokens[i]], 0
        while self.tokens[i]:
            depth += (self.tokens[i] == open_) - (self.tokens[i] == close)
            i += 1
            if depth == 0:
                break
        return i

    def past_angles(self, i):
        """Behind the `>` that closes the `<` at i."""
        depth = 0
        while self.tokens[i]:
            if self.tokens[i] in _OPEN:
                i = self.past_group(i)
                continue
            depth += (self.tokens[i] == "<") - (self.tokens[i] == ">")
            i += 1
            if depth == 0:
                break
        return i

    def past_semicolon(self, i):
        """Behind the `;` that ends a declaration, and how many commas stand before it outside of brackets."""
        commas = 0
        while self.tokens[i] and self.tokens[i] != ";":
            if self.tokens[i] in _OPEN:
                i = self.past_group(i)
                continue
            if self.tokens[i] == "}":
                return i, commas
            commas += self.tokens[i] == ","
            i += 1
        return i + 1, commas

    def scope(self, i, inside, prefix):
        """The declarations of a namespace or a class up to the bracket that closes it. `inside` is the class, or None."""
        private = inside is not None and inside.private_by_default
        while self.tokens[i] and self.tokens[i] != "}":
            if self.tokens[i] in ("public", "private", "protected") and self.tokens[i + 1] == ":":
                private = self.tokens[i] == "private"
                i += 2
            else:
                i = self.declaration(i, inside, private, prefix)
        return i + 1 if self.tokens[i] else i

    def declaration(self, i, inside, private, prefix):
        first, token = i, self.tokens[i]
        if token == "template" and self.tokens[i + 1] == "<":
            i = self.past_angles(i + 1)
            token = self.tokens[i]
        if token in (";", ")", "]", "]]"):
            return i + 1
        if token == "{":
            return self.past_group(i)
        if token == "extern" and self.tokens[i + 1] == "{":
            return self.scope(i + 2, None, prefix)
        if token in ("namespace", "inline") and "namespace" in self.tokens[i:i + 2]:
            while self.tokens[i] not in ("{", ";", ""):
                i += 1
            return self.scope(i + 1, None, prefix) if self.tokens[i] == "{" else i + 1
        if token in ("using", "typedef", "static_assert", "concept", "template"):
            return self.past_semicolon(i)[0]
        if token == "friend":
            return self.member(first, i, None, False, prefix)
        if token in ("class", "struct", "union", "enum"):
            body = self.body_of_type(i)
            if body is not None:
                return self.type(i, body, inside, prefix)
        return self.member(first, i, inside, private, prefix)

    def body_of_type(self, i):
        """Where the `{` or the `;` of the type declared at i is; None if another thing is declared there."""
        i += 1
        while True:
            token = self.tokens[i]
            if token in ("{", ";"):
                return i
            if token == ":":
                while self.tokens[i] not in ("{", ";", ""):
                    i = self.past_angles(i) if self.tokens[i] == "<" else i + 1
                return i
            if token in ("[[", "("):
                i = self.past_group(i)
            elif token == "<":
                i = self.past_angles(i)
            elif re.match(r"\w|::", token) and (token in ("class", "final", "::", "alignas") or
                                               self.tokens[i - 1] in ("class", "struct", "union", "enum", "::", "]]", ")")):
                i += 1
            else:
                return None

    def type(self, i, body, inside, prefix):
        if self.tokens[body] == ";":
            return body + 1
        if self.tokens[i] == "enum":
            end = self.past_group(body)
        else:
            names = [token for token in self.tokens[i + 1:body] if re.match(r"[A-Za-z_]", token)]
            name = prefix + self.name_of_type(i, body) if names else prefix + "(unnamed)"
            made = shape_of_class(name, self.lines[i])
            made.private_by_default = self.tokens[i] == "class"
            self.classes.append(made)
            end = self.scope(body + 1, made, name + "::")
        past, commas = self.past_semicolon(end)
        if inside is not None and self.tokens[end] != ";":
            inside.fields += 1 + commas
        return past

    def name_of_type(self, i, body):
        name = ""
        i += 1
        while i < body and self.tokens[i] not in (":", "final"):
            if self.tokens[i] in ("[[", "("):
                i = self.past_group(i)
                continue
            if self.tokens[i] == "<":
                break
            if self.tokens[i] not in ("class", "alignas"):
                name += self.tokens[i]
            i += 1
        return name

    def member(self, first, i, inside, private, prefix):
        """A function, or a variable: which, the first bracket or sign behind the name tells."""
        begin = i
        while self.tokens[i]:
            token, before = self.tokens[i], self.tokens[i - 1] if i > begin else ""
            if token == "operator":
                while self.tokens[i] != "(":
                    i += 1
                i += 2 * (self.tokens[i + 1] == ")" and self.tokens[i + 2] == "(")
                return self.function(first, i, "operator", inside, private, prefix)
            if token == "<" and re.match(r"\w", before):
                i = self.past_angles(i)
            elif token == "[[" or (token == "(" and before in _IN_FRONT):
                i = self.past_group(i)
            elif token == "(" and self.tokens[i + 1] != "*":
                return self.function(first, i, self.name_before(i, begin), inside, private, prefix)
            elif token in ("=", "{", ";", ":", ",", "[", "("):
                past, commas = self.past_semicolon(i)
                if inside is not None and not {"static", "extern", "friend"} & set(self.tokens[first:i]):
                    inside.fields += 1 + commas
                return past
            elif token == "}":
                return i
            else:
                i += 1
        return i

    def name_before(self, i, begin):
        name = ""
        while i > begin and (re.match(r"\w|::|~", self.tokens[i - 1])):
            if name and re.match(r"\w", name) and re.match(r"\w", self.tokens[i - 1]):
                break
            name = self.tokens[i - 1] + name
            i -= 1
        return name

    def function(self, first, i, name, inside, private, prefix):
        past = self.past_group(i)
        if name == "TEST_SUITE" and self.tokens[past] == "{":
            return self.scope(past + 1, None, prefix)
        if name == "TEST_CASE":
            name = " ".join(self.text[self.at[i] + 1:self.at[past - 1]].split()).strip('"')
        i = past
        if self.tokens[i] not in _BEHIND_PARAMETERS:
            return i
        if inside is not None and private:
            inside.private_methods += 1
        while self.tokens[i] not in ("{", ";", "=", ":", ""):
            i = self.past_group(i) if self.tokens[i] in _OPEN else i + 1
        if self.tokens[i] == ":":
            i = self.past_initialisers(i + 1)
        if self.tokens[i] != "{":
            return self.past_semicolon(i)[0]
        end = self.past_group(i)
        self.functions.append(function(prefix + name, self.lines[first], self.lines[end - 1] - self.lines[first] + 1))
        return end

    def past_initialisers(self, i):
        while self.tokens[i]:
            while self.tokens[i] not in ("(", "{", ""):
                i = self.past_angles(i) if self.tokens[i] == "<" else i + 1
            i = self.past_group(i)
            while self.tokens[i] in (".", "..."):
                i += 1
            if self.tokens[i] != ",":
                return i
            i += 1
        return i


def read(text):
    """The classes and the functions of a file."""
    reader = _reader(text)
    i = 0
    while reader.tokens[i]:
        i = reader.scope(i, None, "")
    return reader.classes, reader.functions
