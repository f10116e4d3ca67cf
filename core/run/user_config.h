/* SPDX-License-Identifier: MIT */
/*
 * The user's configuration of Guild AI (reference, 3.1): the first of $GUILD_CONFIG,
 * guild-config.yml in the current directory, config.yml in the Guild home, ~/.guild/config.yml.
 * Archives and other things of the user's own are in the same directory.
 */
#ifndef RUN_USER_CONFIG_H
#define RUN_USER_CONFIG_H

#include "run/home.h"
#include "yaml/yaml.h"

/* Of the file, which need not be there; appended. */
void user_config_path(const struct home *home, const char *cwd, struct buf *b);
/* Of a file beside it. */
void user_config_beside(const struct home *home, const char *cwd, const char *name, struct buf *b);
/* A map, empty when there is no such file. The caller frees it. -EINVAL with a sentence. */
int user_config_load(const struct home *home, const char *cwd, struct value **ret, struct err *err);

#endif
