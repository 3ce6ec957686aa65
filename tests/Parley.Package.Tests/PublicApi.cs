using System.Reflection;
using System.Runtime.CompilerServices;

namespace Parley.Package.Tests;

/// <summary>What an assembly offers to others, as lines of text in a fixed order: a change of the API is a change of that text.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    public static string Of(Assembly assembly) => string.Concat(assembly.GetExportedTypes()
        .Where(static type => !type.FullName!.Contains('<')) // An exported type has a name; the compiler's own have names that nobody can write.
        .OrderBy(static type => type.FullName, StringComparer.Ordinal)
        .Select(static type => Declaration(type) + "\n" + string.Concat(Members(type).Order(StringComparer.Ordinal).Select(static line => $"    {line}\n")) + "\n"))
        .TrimEnd('\n') + "\n";

    private static string Declaration(Type type)
    {
        string kind = type switch
        {
            { IsEnum: true } => $"enum {FullName(type)} : {Name(Enum.GetUnderlyingType(type))}",
            { IsInterface: true } => $"interface {FullName(type)}",
            { IsValueType: true } => $"struct {FullName(type)}",
            { IsAbstract: true, IsSealed: true } => $"static class {FullName(type)}",
            { IsAbstract: true } => $"abstract class {FullName(type)}",
            { IsSealed: true } => $"sealed class {FullName(type)}",
            _ => $"class {FullName(type)}",
        };
        IEnumerable<string> bases = type.IsEnum ? [] : (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) ? [Name(parent)] : Array.Empty<string>())
            .Concat(type.GetInterfaces().Where(static face => face.IsPublic).Select(Name).Order(StringComparer.Ordinal));
        string list = string.Join(", ", bases);
        return list.Length == 0 ? kind : $"{kind} : {list}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
            return type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(static field => $"{field.Name} = {Convert.ToUInt64(field.GetRawConstantValue(), null)}");
        return type.GetConstructors(Declared).Where(IsOffered).Select(static constructor => $"{Modifiers(constructor)}new({Parameters(constructor)})")
            .Concat(type.GetFields(Declared).Where(static field => field.IsPublic || field.IsFamily).Select(Field))
            .Concat(type.GetProperties(Declared).Where(static property => property.GetAccessors(true).Any(IsOffered)).Select(Property))
            .Concat(type.GetMethods(Declared).Where(static method => IsOffered(method) && IsWritten(method)).Select(Method));
    }

    private static string Field(FieldInfo field) =>
        field.IsLiteral ? $"const {Name(field.FieldType)} {field.Name} = {field.GetRawConstantValue()}" : $"{(field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}";

    private static string Property(PropertyInfo property)
    {
        MethodInfo any = property.GetAccessors(true).First(IsOffered);
        string index = string.Join(", ", property.GetIndexParameters().Select(static parameter => Name(parameter.ParameterType)));
        bool isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        string accessors = (property.GetMethod is { } getter && IsOffered(getter) ? " get;" : "") + (property.SetMethod is { } setter && IsOffered(setter) ? isInit ? " init;" : " set;" : "");
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        return $"{Modifiers(any)}{required}{Name(property.PropertyType)}{Null(property.PropertyType, Nullability.Create(property).ReadState)} {property.Name}{(index.Length > 0 ? $"[{index}]" : "")} {{{accessors} }}";
    }

    private static string Method(MethodInfo method)
    {
        string generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
        string returned = Name(method.ReturnType) + Null(method.ReturnType, Nullability.Create(method.ReturnParameter).ReadState);
        return $"{Modifiers(method)}{returned} {method.Name}{generic}({Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(static parameter =>
    {
        Type type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType; // A reference is to a type.
        string by = parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? "ref " : "";
        string value = parameter.HasDefaultValue ? $" = {parameter.RawDefaultValue ?? "default"}" : "";
        return $"{by}{Name(type)}{Null(type, Nullability.Create(parameter).WriteState)} {parameter.Name}{value}";
    }));

    private static string Modifiers(MethodBase method) =>
        (method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "") + (method.IsStatic ? "static " : "")
        + (method.IsAbstract && method.DeclaringType?.IsInterface != true ? "abstract " : method.IsVirtual && !method.IsFinal && method.DeclaringType is { IsInterface: false, IsSealed: false } ? "virtual " : "");

    private static bool IsOffered(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    /// <summary>Neither an accessor nor what the compiler adds to a record.</summary>
    private static bool IsWritten(MethodInfo method) =>
        !method.IsDefined(typeof(CompilerGeneratedAttribute)) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal));

    private static string Null(Type type, NullabilityState state) => !type.IsValueType && state == NullabilityState.Nullable ? "?" : "";

    private static string FullName(Type type) => type.IsNested ? $"{FullName(type.DeclaringType!)}.{Name(type)}" : $"{type.Namespace}.{Name(type)}"; // A nested type is declared in one.

    private static string Name(Type type)
    {
        if (type.IsByRef)
            return "ref " + Name(type.GetElementType()!); // A reference is to a type.
        if (type.IsArray)
            return Name(type.GetElementType()!) + "[]"; // An array is of a type.
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Name(underlying) + "?";
        string name = type.Name.Contains('`', StringComparison.Ordinal) ? type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)] : type.Name;
        return type.IsGenericType && type.GetGenericArguments().Length > 0 ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }
}
