package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// envPrefix begins the name of every environment variable that overrides a
// setting: smarthost.password is REPLYGATE_SMARTHOST_PASSWORD.
const envPrefix = "REPLYGATE_"

// overlay sets each plain setting whose variable is present. Lists are split at
// commas; tables of tables (DKIM keys) are for the file only.
func overlay(c *Config, env func(string) (string, bool)) error {
	return overlayStruct(reflect.ValueOf(c).Elem(), envPrefix, env)
}

func overlayStruct(v reflect.Value, prefix string, env func(string) (string, bool)) error {
	for i := range v.NumField() {
		name := prefix + strings.ToUpper(v.Type().Field(i).Tag.Get("toml"))
		f := v.Field(i)
		if f.Kind() == reflect.Struct {
			if err := overlayStruct(f, name+"_", env); err != nil {
				return err
			}
			continue
		}
		s, ok := env(name)
		if !ok {
			continue
		}
		if err := set(f, s); err != nil {
			return fmt.Errorf("environment variable %s: %w", name, err)
		}
	}
	return nil
}

func set(f reflect.Value, s string) error {
	switch f.Kind() {
	case reflect.String:
		f.SetString(s)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		f.SetInt(n)
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		f.SetBool(b)
	case reflect.Slice:
		if f.Type().Elem().Kind() != reflect.String {
			return fmt.Errorf("can only be set in the file")
		}
		f.Set(reflect.ValueOf(strings.Split(s, ",")))
	default:
		return fmt.Errorf("cannot be set from the environment")
	}
	return nil
}
