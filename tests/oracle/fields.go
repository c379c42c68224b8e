// Added to a copy of KEDA's package scalersconfig by build.sh: says which parameters a type declares.
package scalersconfig

import (
	"fmt"
	"reflect"
)

// OnTypedConfig sees every struct that parameters are read into.
var OnTypedConfig = func(any) {}

// Field is one parameter, and the Go type that it is read into.
type Field struct {
	Params
	GoType string
}

// Fields lists the parameters of a struct and of those nested in it.
func Fields(config any) []Field {
	return fields(reflect.TypeOf(config).Elem())
}

func fields(of reflect.Type) []Field {
	var found []Field
	for index := range of.NumField() {
		field := of.Field(index)
		tag, ok := field.Tag.Lookup("keda")
		if !ok {
			continue
		}
		params, err := paramsFromTag(tag, field)
		if err != nil {
			panic(err)
		}
		if !params.IsNested() {
			found = append(found, Field{Params: params, GoType: fmt.Sprint(field.Type)})
			continue
		}
		nested := field.Type
		for nested.Kind() == reflect.Pointer {
			nested = nested.Elem()
		}
		found = append(found, fields(nested)...)
	}
	return found
}
