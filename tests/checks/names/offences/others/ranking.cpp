// Others call this their_parameter.
