using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Parley.Mls.Crypto;

namespace Parley.Mls.Tests.Crypto;

public sealed class SecretTests
{
    // 0xa5 is 165 in decimal and "pa" begins its Base64 form: none of the three may appear.
    private static readonly byte[] Content = [.. Enumerable.Repeat((byte)0xa5, 32)];

    private static readonly JsonSerializerOptions FieldsToo = new() { IncludeFields = true };

    [Fact]
    public void ToString_tells_the_length_only()
    {
        using var secret = new Secret(Content);
        Assert.Equal("Secret(32)", secret.ToString());
    }

    [Fact]
    public void Debugger_shows_the_length_only()
    {
        using var secret = new Secret(Content);
        Assert.Equal("{ToString(),nq}", typeof(Secret).GetCustomAttribute<DebuggerDisplayAttribute>()?.Value);
        const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        IEnumerable<MemberInfo> shown = typeof(Secret).GetFields(Instance).Cast<MemberInfo>()
            .Concat(typeof(Secret).GetProperties(Instance).Where(property => property.GetIndexParameters().Length == 0))
            .Where(member => member.GetCustomAttribute<DebuggerBrowsableAttribute>()?.State != DebuggerBrowsableState.Never);
        foreach (MemberInfo member in shown)
        {
            Type type = member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;
            Assert.True(type == typeof(int) || type == typeof(bool), $"The debugger shows {member.Name}.");
        }
    }

    [Fact]
    public void Json_holds_no_bytes()
    {
        using var secret = new Secret(Content);
        Assert.Equal("""{"Length":32,"IsDisposed":false}""", JsonSerializer.Serialize(secret));
        Assert.Equal("""{"Length":32,"IsDisposed":false}""", JsonSerializer.Serialize(secret, FieldsToo));
    }

    [Fact]
    public void Json_of_what_holds_a_secret_has_none_of_its_bytes()
    {
        using var keys = new HpkeKeyPair(new Secret(Content), [1, 2, 3]);
        string shown = JsonSerializer.Serialize(keys, FieldsToo);
        Assert.Contains("AQID", shown);
        Assert.DoesNotContain("165", shown);
        Assert.DoesNotContain("a5a5", shown, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(Content)[..8], shown);
    }

    [Fact]
    public void Dispose_zeroes_the_bytes()
    {
        var secret = new Secret(Content);
        // The one way to see the bytes afterwards is a view taken before; the array outlives it while the view does.
        ReadOnlySpan<byte> view = secret.AsSpan();
        secret.Dispose();
        Assert.Equal(new byte[32], view);
        Assert.True(secret.IsDisposed);
    }

    [Fact]
    public void A_disposed_secret_refuses_every_use()
    {
        var secret = new Secret(Content);
        secret.Dispose();
        secret.Dispose();
        Assert.Equal("Secret(disposed)", secret.ToString());
        Assert.Throws<ObjectDisposedException>(() => secret.Length);
        Assert.Throws<ObjectDisposedException>(() => secret.AsSpan().Length);
        Assert.Throws<ObjectDisposedException>(() => secret.AsWritableSpan().Length);
        Assert.Throws<ObjectDisposedException>(() => secret.Clone());
    }

    [Fact]
    public void A_secret_and_its_clone_share_nothing()
    {
        byte[] source = [.. Content];
        using var secret = new Secret(source);
        source[0] = 0;
        using Secret clone = secret.Clone();
        secret.AsWritableSpan().Clear();
        Assert.Equal(Content, clone.AsSpan());
    }
}
