using System.Reflection;
using System.Text;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;
using Parley.Mls.Validation;

namespace Parley.Mls.Tests.Memory;

/// <summary>
/// All that a group is, as text: what it holds in memory, field by field, which is more than what it stores or shows. Left out is only
/// what a look at the group may change: hashes and proofs that are computed when they are first asked for, and buffers between two uses.
/// </summary>
internal static class StateImage
{
    public static string Of(Group group)
    {
        var image = new StringBuilder();
        foreach ((object item, string path) in ObjectGraph.Walk(group, static (part, name) => part is not (TlsWriter or KeyPackageProof or LeafProof) && name is not ("_treeHash" or "_credentialTypes")))
        {
            image.Append(path).Append(' ');
            if (item is byte[] bytes)
                image.Append(Convert.ToHexString(bytes));
            else if (item is not Array)
                AppendValues(image, item);
            image.Append('\n');
        }

        return image.ToString();
    }

    private static void AppendValues(StringBuilder image, object item)
    {
        foreach (FieldInfo field in item.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if ((field.FieldType.IsPrimitive || field.FieldType.IsEnum || field.FieldType == typeof(string)) && field.Name != "_version")
                image.Append(field.Name).Append('=').Append(field.GetValue(item)).Append(' ');
        }
    }
}
