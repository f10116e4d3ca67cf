/* SPDX-License-Identifier: MIT */
/* YAML, JSON and INI files as flags see them. */
#include "project/config_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/name.h"
#include "base/shell.h"
#include "yaml/json.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

enum { CONFIG_MAX = 16 * 1024 * 1024 };

enum format { FORMAT_UNKNOWN, FORMAT_YAML, FORMAT_JSON, FORMAT_INI };

static enum format format_of(const char *path)
{
	static const struct {
		const char *extension, *template_extension;
		enum format format;
	} formats[] = {
		{".yml", ".yml.in", FORMAT_YAML},
		{".yaml", ".yaml.in", FORMAT_YAML},
		{".json", ".json.in", FORMAT_JSON},
		{".cfg", ".cfg.in", FORMAT_INI},
		{".ini", ".ini.in", FORMAT_INI},
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (name_has_extension(path, formats[i].extension) ||
			name_has_extension(path, formats[i].template_extension))
			return formats[i].format;
	return FORMAT_UNKNOWN;
}

/* --- INI ------------------------------------------------------------------ */

static char *trimmed(const char *text, size_t len)
{
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return strndup(text, len);
}

/* int, float, yes and no in their forms, else text. */
static struct value *ini_value(const char *text)
{
	static const char *const words[][2] = {
		{"true", "false"}, {"yes", "no"}, {"on", "off"}, {"1", "0"}};
	struct value *v = scalar_decode(text);

	if (!v || v->type == VALUE_INT || v->type == VALUE_FLOAT || v->type == VALUE_BIGINT)
		return v;
	value_free(v);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (size_t j = 0; j < 2; j++)
			if (strcasecmp(words[i][j], text) == 0)
				return value_bool(j == 0);
	return value_string(text);
}

static int ini_option(
	struct value *section, const char *line, size_t len, int number, struct err *err)
{
	const char *at = line;
	_cleanup_free_ char *name = NULL, *text = NULL;

	while (at < line + len && *at != '=' && *at != ':')
		at++;
	if (at == line + len)
		return err_set_at(err, -EINVAL, number, 1,
			"line %d: an option needs = or : and a value", number);
	name = trimmed(line, (size_t)(at - line));
	text = trimmed(at + 1, (size_t)(line + len - at) - 1);
	if (!name || !text)
		return -ENOMEM;
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return value_map_set(section, name, ini_value(text));
}

/* Python's str(). */
static void ini_text(struct buf *b, const struct value *v)
{
	if (v->type == VALUE_STRING)
		buf_puts(b, v->string);
	else
		value_repr(b, v);
}

/* An indented line goes on with the value above it. */
static int ini_continue(struct value *section, const char *line, size_t len)
{
	struct value_pair *last = &section->map.pairs[section->map.n - 1];
	_cleanup_free_ char *more = trimmed(line, len);
	_cleanup_buf_ struct buf text = BUF_INIT;

	ini_text(&text, last->value);
	buf_printf(&text, "\n%s", more ? more : "");
	return more ? value_map_set(section, last->key, value_string(buf_str(&text))) : -ENOMEM;
}

static int ini_parse(const char *text, struct value **ret, struct err *err)
{
	_cleanup_value_ struct value *config = value_map();
	struct value *section = NULL;
	int r = config ? 0 : -ENOMEM, number = 0;

	while (r == 0 && *text) {
		size_t len = strcspn(text, "\n"), blank = strspn(text, " \t\r");
		const char *close = memchr(text, ']', len);

		number++;
		if (blank >= len || text[blank] == '#' || text[blank] == ';') {
			/* nothing */
		} else if (*text == '[' && close) {
			_cleanup_free_ char *name = strndup(text + 1, (size_t)(close - text) - 1);

			r = name ? 0 : -ENOMEM;
			if (r == 0 && !value_get(config, name))
				r = value_map_set(config, name, value_map());
			section = r == 0 ? value_get(config, name) : NULL;
		} else if (!section) {
			r = err_set_at(err, -EINVAL, number, 1,
				"line %d: a line before the first [section]", number);
		} else if (blank && section->map.n) {
			r = ini_continue(section, text, len);
		} else {
			r = ini_option(section, text, len, number, err);
		}
		text += len + (text[len] == '\n');
	}
	if (r == 0)
		*ret = STEAL(config);
	return r;
}

static void ini_section(struct buf *b, const char *name, const struct value *options)
{
	buf_printf(b, "[%s]\n", name);
	for (size_t i = 0; i < options->map.n; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (options->map.pairs[i].value->type == VALUE_MAP)
			continue;
		buf_printf(b, "%s = ", options->map.pairs[i].key);
		ini_text(&text, options->map.pairs[i].value);
		buf_replace(b, buf_str(&text), "\n", "\n\t"); /* or it would be another option */
		buf_putc(b, '\n');
	}
	buf_putc(b, '\n');
}

/* Options outside of any section are defaults. */
static int ini_print(const struct value *config, struct buf *b)
{
	_cleanup_value_ struct value *sorted = value_copy(config), *defaults = value_map();
	int r = sorted && defaults ? 0 : -ENOMEM;

	if (r == 0)
		value_map_sort(sorted);
	for (size_t i = 0; r == 0 && i < sorted->map.n; i++)
		if (sorted->map.pairs[i].value->type != VALUE_MAP)
			r = value_map_set(defaults, sorted->map.pairs[i].key,
				value_copy(sorted->map.pairs[i].value));
	if (r == 0 && defaults->map.n)
		ini_section(b, "DEFAULT", defaults);
	for (size_t i = 0; r == 0 && i < sorted->map.n; i++) {
		struct value_pair *pair = &sorted->map.pairs[i];

		if (pair->value->type != VALUE_MAP)
			continue;
		value_map_sort(pair->value);
		ini_section(b, pair->key, pair->value);
	}
	return r < 0 ? r : buf_error(b);
}

/* --- files ---------------------------------------------------------------- */

bool config_file_is_supported(const char *path)
{
	return format_of(path) != FORMAT_UNKNOWN;
}

int config_file_read(const char *path, struct value **ret, struct err *err)
{
	enum format format = format_of(path);
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *config = NULL;
	struct err inner = ERR_INIT;
	int r;

	if (format == FORMAT_UNKNOWN)
		return err_set(err, -ENOTSUP, "config type for %s not supported", path);
	r = file_read(AT_FDCWD, path, CONFIG_MAX, &text);
	if (r < 0)
		return err_set(err, r, "%s: %s", path, strerror(-r));
	if (format == FORMAT_INI)
		r = ini_parse(buf_str(&text), &config, &inner);
	else
		r = yaml_parse(buf_str(&text), text.len, &config, &inner);
	if (r < 0)
		return err_set(err, r, "error loading config from %s: %s", path,
			inner.code ? err_text(&inner) : strerror(-r));
	if (config->type == VALUE_NULL) {
		value_free(config);
		config = value_map();
	}
	if (!config)
		return -ENOMEM;
	if (config->type != VALUE_MAP)
		return err_set(err, -EINVAL,
			"error loading config from %s: it is %s, where a "
			"mapping is needed",
			path, value_type_name(config));
	*ret = STEAL(config);
	return 0;
}

int config_file_print(const char *path, const struct value *config, struct buf *b)
{
	switch (format_of(path)) {
	case FORMAT_YAML:
		yaml_emit_plain(b, config);
		/* As Guild AI writes it: without the last line's end. */
		if (b->len && b->data[b->len - 1] == '\n')
			buf_resize(b, b->len - 1);
		return buf_error(b);
	case FORMAT_JSON:
		json_emit(b, config);
		return buf_error(b);
	case FORMAT_INI:
		return ini_print(config, b);
	default:
		return -ENOTSUP;
	}
}

/* --- nesting -------------------------------------------------------------- */

static int conflict(const char *name, const char *prefix, const char *key, const struct value *v,
	struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	value_repr(&shown, v);
	return err_set(err, -EINVAL,
		"ValueError(\"'%s%s' cannot be nested: conflicts with {'%s%s': %s}\")", prefix,
		name, prefix, key, buf_str(&shown));
}

/* Makes the mappings that a new name needs. */
static int set_new(struct value *config, const char *name, const struct value *v)
{
	const char *dot;

	while ((dot = strchr(name, '.'))) {
		_cleanup_free_ char *part = strndup(name, (size_t)(dot - name));
		int r = 0;

		if (!part)
			return -ENOMEM;
		if (!value_get(config, part))
			r = value_map_set(config, part, value_map());
		if (r < 0)
			return r;
		config = value_get(config, part);
		if (config->type != VALUE_MAP)
			return -EINVAL;
		name = dot + 1;
	}
	return value_map_set(config, name, value_copy(v));
}

static int set_below(struct value *config, const char *name, const char *prefix,
	const struct value *v, struct err *err)
{
	_cleanup_free_ char *key = strdup(name);

	/* The longest beginning of the name that is a key here. */
	while (key) {
		struct value *at = value_get(config, key);
		size_t len = strlen(key);
		char *dot;

		if (at && !name[len])
			return value_map_set(config, key, value_copy(v));
		if (at && at->type != VALUE_MAP)
			return conflict(name, prefix, key, at, err);
		if (at) {
			_cleanup_buf_ struct buf inner = BUF_INIT;

			buf_printf(&inner, "%s.", key);
			return set_below(at, name + len + 1, buf_str(&inner), v, err);
		}
		dot = strrchr(key, '.');
		if (!dot)
			return set_new(config, name, v);
		*dot = '\0';
	}
	return -ENOMEM;
}

int config_file_set(struct value *config, const char *name, const struct value *v, struct err *err)
{
	return set_below(config, name, "", v, err);
}

/* --- flags ---------------------------------------------------------------- */

static const char *type_name(const struct value *v)
{
	switch (v->type) {
	case VALUE_STRING:
		return "string";
	case VALUE_BOOL:
		return "boolean";
	case VALUE_INT:
	case VALUE_BIGINT:
	case VALUE_FLOAT:
		return "number";
	default:
		return NULL;
	}
}

static int add_flag(struct value *flags, const char *name, const struct value *v)
{
	struct value *def = value_map(), *initial;
	_cleanup_buf_ struct buf list = BUF_INIT;
	const char *type = type_name(v);
	int r = def ? 0 : -ENOMEM;

	if (v->type == VALUE_LIST)
		for (size_t i = 0; i < v->list.n; i++) {
			_cleanup_buf_ struct buf item = BUF_INIT;

			yaml_emit_flow(&item, v->list.items[i]);
			buf_puts(&list, i ? " " : "");
			shell_quote(&list, buf_str(&item));
		}
	initial = v->type == VALUE_LIST ? value_string(buf_str(&list)) : value_copy(v);
	if (r == 0)
		r = value_map_set(def, "default", STEAL(initial));
	value_free(initial);
	if (r == 0 && type) {
		struct value *text = value_string(type);

		if (text)
			text->source = strdup(type);
		r = value_map_set(def, "type", text);
	}
	if (r == 0 && v->type == VALUE_LIST)
		r = value_map_set(def, "arg-split", value_bool(true));
	if (r == 0)
		return value_map_set(flags, name, def);
	value_free(def);
	return r;
}

static int add_flags(struct value *flags, const char *prefix, const struct value *config)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < config->map.n; i++) {
		const struct value_pair *pair = &config->map.pairs[i];
		_cleanup_buf_ struct buf name = BUF_INIT;

		buf_printf(&name, "%s%s", prefix, pair->key);
		if (pair->value->type == VALUE_MAP) {
			buf_putc(&name, '.');
			r = add_flags(flags, buf_str(&name), pair->value);
		} else if (pair->value->type != VALUE_DATE) {
			r = add_flag(flags, buf_str(&name), pair->value);
		}
	}
	return r;
}

struct value *config_file_flags(const struct value *config)
{
	struct value *flags = value_map();

	if (flags && add_flags(flags, "", config) == 0)
		return flags;
	value_free(flags);
	return NULL;
}
