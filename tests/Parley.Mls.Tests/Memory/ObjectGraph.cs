using System.Reflection;

namespace Parley.Mls.Tests.Memory;

/// <summary>Everything that an object holds, by its fields and those of what they hold, whoever's they are. Not the test's own objects.</summary>
internal static class ObjectGraph
{
    private const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Assembly Own = typeof(ObjectGraph).Assembly;

    /// <summary>Each object once, with the way to it. Arrays of numbers are items, their elements are not.</summary>
    public static IEnumerable<(object Item, string Path)> Walk(object root, Func<object, string, bool>? enters = null)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var waiting = new Stack<(object Item, string Path)>();
        waiting.Push((root, root.GetType().Name));
        while (waiting.Count > 0)
        {
            (object item, string path) = waiting.Pop();
            Type type = item.GetType();
            if (!type.IsValueType && !seen.Add(item))
                continue;
            yield return (item, path);
            foreach ((object? part, string name) in Parts(item, type))
            {
                if (part is not null && IsWalked(part.GetType()) && enters?.Invoke(part, name) != false)
                    waiting.Push((part, $"{path}.{name}"));
            }
        }
    }

    private static IEnumerable<(object? Part, string Name)> Parts(object item, Type type)
    {
        if (item is Array array)
        {
            if (type.GetElementType()!.IsPrimitive)
                yield break;
            int i = 0;
            foreach (object? element in array)
                yield return (element, $"[{i++}]");
            yield break;
        }

        for (Type? declaring = type; declaring is not null && declaring != typeof(object); declaring = declaring.BaseType)
        {
            foreach (FieldInfo field in declaring.GetFields(Fields))
            {
                if (!field.FieldType.IsPrimitive && !field.FieldType.IsPointer && !field.FieldType.IsByRefLike)
                    yield return (field.GetValue(item), field.Name);
            }
        }
    }

    private static bool IsWalked(Type type) =>
        !type.IsPrimitive && !type.IsEnum && type != typeof(string) && !typeof(MemberInfo).IsAssignableFrom(type) && !typeof(Delegate).IsAssignableFrom(type)
        && type.Assembly != Own;
}
