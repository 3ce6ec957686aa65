using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using System.Text;

namespace Parley.Client.Content;

/// <summary>
/// draft-ietf-mimi-content-09 §6 and appendix A: MIMI content in deterministic CBOR. A decoder answers to every member of every
/// conversation: it checks the encoding first (<see cref="DeterministicCbor"/>), then reads by the schema, each list and string bounded.
/// </summary>
internal static class MimiCodec
{
    private const int Fields = 7;
    private const int PartDepthMax = 4;
    private const int ExtensionDepthMax = 4;

    // The outer array, then a part's array and its parts' array for each level; extensions nest less.
    private const int DepthMax = 1 + (2 * PartDepthMax);
    private const int PartsMax = 64;
    private const int ExtensionsMax = 64;
    private const int ExtensionValueBytesMax = 4095;
    private const int KeyBytesMax = 255;
    private const int ShortTextCharsMax = 255;
    private const int LongTextCharsMax = 4096;
    private const int ShortBytesMax = 255;

    private enum Cardinality
    {
        Null = 0,
        Single = 1,
        External = 2,
        Multi = 3,
    }

    /// <summary>Encodes. The same content always gives the same bytes.</summary>
    public static byte[] Encode(MimiContent content)
    {
        // Lax because the keys are sorted here: the package's canonical mode sorts as RFC 7049 did, which the draft forbids.
        var writer = new CborWriter(CborConformanceMode.Lax);
        writer.WriteStartArray(Fields);
        writer.WriteByteString(content.Salt.Span);
        WriteMessageId(writer, content.Replaces);
        writer.WriteByteString(content.TopicId.Span);
        WriteExpiration(writer, content.Expires);
        WriteMessageId(writer, content.InReplyTo);
        writer.WriteStartMap(content.Extensions.Count);
        foreach ((MimiExtensionKey key, ReadOnlyMemory<byte> value) in content.Extensions)
        {
            if (key.Text is null)
                writer.WriteInt64(key.Number);
            else
                writer.WriteTextString(key.Text);
            writer.WriteEncodedValue(value.Span);
        }

        writer.WriteEndMap();
        WritePart(writer, content.Body);
        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>Reads content. Never throws, whatever the bytes; what it accepts encodes to the same bytes again.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out MimiContent? content)
    {
        content = null;
        if (!DeterministicCbor.IsWellFormed(encoded.Span, DepthMax))
            return false;
        try
        {
            var reader = new CborReader(encoded, CborConformanceMode.Lax);
            content = ReadContent(reader);
            return true;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException or FormatException)
        {
            // The package's words for "another type or number than the schema has here".
            return false;
        }
    }

    /// <summary>Encodes an extension's value that is a text.</summary>
    public static byte[] EncodeText(string text)
    {
        var writer = new CborWriter(CborConformanceMode.Lax);
        writer.WriteTextString(text);
        return writer.Encode();
    }

    /// <summary>Encodes an extension's value that is a truth value.</summary>
    public static byte[] EncodeBoolean(bool value)
    {
        var writer = new CborWriter(CborConformanceMode.Lax);
        writer.WriteBoolean(value);
        return writer.Encode();
    }

    private static void WriteMessageId(CborWriter writer, MessageId? id)
    {
        if (id is { } value)
            writer.WriteByteString(value.ToArray());
        else
            writer.WriteNull();
    }

    private static void WriteExpiration(CborWriter writer, MimiExpiration? expires)
    {
        if (expires is null)
        {
            writer.WriteNull();
            return;
        }

        writer.WriteStartArray(2);
        writer.WriteBoolean(expires.IsRelative);
        writer.WriteUInt32(expires.Seconds);
        writer.WriteEndArray();
    }

    private static void WritePart(CborWriter writer, NestedPart part)
    {
        (Cardinality cardinality, int fields) = part switch
        {
            NestedPart.Null => (Cardinality.Null, 3),
            NestedPart.Single => (Cardinality.Single, 5),
            NestedPart.External => (Cardinality.External, 15),
            NestedPart.Multi => (Cardinality.Multi, 5),
            _ => throw new ArgumentOutOfRangeException(nameof(part)),
        };
        writer.WriteStartArray(fields);
        writer.WriteInt32((int)part.Disposition);
        writer.WriteTextString(part.Language);
        writer.WriteInt32((int)cardinality);
        switch (part)
        {
            case NestedPart.Single single:
                writer.WriteTextString(single.ContentType);
                writer.WriteByteString(single.Content.Span);
                break;
            case NestedPart.External external:
                writer.WriteTextString(external.ContentType);
                WriteExternal(writer, external.Content);
                break;
            case NestedPart.Multi multi:
                writer.WriteInt32((int)multi.Semantics);
                writer.WriteStartArray(multi.Parts.Length);
                foreach (NestedPart inner in multi.Parts)
                    WritePart(writer, inner);
                writer.WriteEndArray();
                break;
        }

        writer.WriteEndArray();
    }

    private static void WriteExternal(CborWriter writer, ExternalContent content)
    {
        writer.WriteTextString(content.Url);
        writer.WriteUInt32(content.Expires);
        writer.WriteUInt64(content.Size);
        writer.WriteUInt32(content.EncAlg);
        writer.WriteByteString(content.Key.Span);
        writer.WriteByteString(content.Nonce.Span);
        writer.WriteByteString(content.Aad.Span);
        writer.WriteUInt32(content.HashAlg);
        writer.WriteByteString(content.ContentHash.Span);
        writer.WriteTextString(content.Description);
        writer.WriteTextString(content.FileName);
    }

    private static MimiContent ReadContent(CborReader reader)
    {
        Require(reader.ReadStartArray() == Fields);
        byte[] salt = reader.ReadByteString();
        Require(salt.Length == MimiContent.SaltBytes);
        MessageId? replaces = ReadMessageId(reader);
        byte[] topicId = ReadBytes(reader, ShortBytesMax);
        MimiExpiration? expires = ReadExpiration(reader);
        MessageId? inReplyTo = ReadMessageId(reader);
        var extensions = ReadExtensions(reader);
        int partsLeft = PartsMax;
        NestedPart body = ReadPart(reader, PartDepthMax, ref partsLeft);
        reader.ReadEndArray();
        return new MimiContent { Salt = salt, Replaces = replaces, TopicId = topicId, Expires = expires, InReplyTo = inReplyTo, Extensions = extensions, Body = body };
    }

    private static MessageId? ReadMessageId(CborReader reader)
    {
        if (TryReadNull(reader))
            return null;
        Require(MessageId.TryParse(reader.ReadByteString(), out MessageId id));
        return id;
    }

    private static MimiExpiration? ReadExpiration(CborReader reader)
    {
        if (TryReadNull(reader))
            return null;
        Require(reader.ReadStartArray() == 2);
        var expires = new MimiExpiration(reader.ReadBoolean(), reader.ReadUInt32());
        reader.ReadEndArray();
        return expires;
    }

    private static ImmutableSortedDictionary<MimiExtensionKey, ReadOnlyMemory<byte>> ReadExtensions(CborReader reader)
    {
        int count = reader.ReadStartMap() ?? 0;
        Require(count <= ExtensionsMax);
        var extensions = MimiContent.NoExtensions.ToBuilder();
        for (int i = 0; i < count; i++)
        {
            MimiExtensionKey key;
            if (reader.PeekState() == CborReaderState.TextString)
            {
                string text = reader.ReadTextString();
                Require(Encoding.UTF8.GetByteCount(text) is >= 1 and <= KeyBytesMax);
                key = new MimiExtensionKey(text);
            }
            else
            {
                key = new MimiExtensionKey(reader.ReadInt64());
            }

            ReadOnlyMemory<byte> value = reader.ReadEncodedValue();
            Require(value.Length <= ExtensionValueBytesMax && DeterministicCbor.IsWellFormed(value.Span, ExtensionDepthMax - 1));
            extensions.Add(key, value.ToArray());
        }

        reader.ReadEndMap();
        return extensions.ToImmutable();
    }

    private static NestedPart ReadPart(CborReader reader, int depth, ref int partsLeft)
    {
        Require(depth > 0 && partsLeft-- > 0);
        int? fields = reader.ReadStartArray();
        uint disposition = reader.ReadUInt32();
        Require(disposition <= byte.MaxValue);
        string language = ReadText(reader, ShortTextCharsMax);
        var cardinality = (Cardinality)reader.ReadUInt32();
        NestedPart part;
        switch (cardinality, fields)
        {
            case (Cardinality.Null, 3):
                part = new NestedPart.Null((MimiDisposition)disposition, language);
                break;
            case (Cardinality.Single, 5):
                part = new NestedPart.Single((MimiDisposition)disposition, language, ReadText(reader, ShortTextCharsMax), reader.ReadByteString());
                break;
            case (Cardinality.External, 15):
                part = new NestedPart.External((MimiDisposition)disposition, language, ReadText(reader, ShortTextCharsMax), ReadExternal(reader));
                break;
            case (Cardinality.Multi, 5):
                part = ReadMulti(reader, (MimiDisposition)disposition, language, depth, ref partsLeft);
                break;
            default:
                throw new FormatException();
        }

        reader.ReadEndArray();
        return part;
    }

    private static NestedPart.Multi ReadMulti(CborReader reader, MimiDisposition disposition, string language, int depth, ref int partsLeft)
    {
        uint semantics = reader.ReadUInt32();
        Require(semantics <= (uint)PartSemantics.ProcessAll);
        int count = reader.ReadStartArray() ?? 0;
        Require(count is >= 2 and <= PartsMax);
        var parts = ImmutableArray.CreateBuilder<NestedPart>(count);
        for (int i = 0; i < count; i++)
            parts.Add(ReadPart(reader, depth - 1, ref partsLeft));
        reader.ReadEndArray();
        return new NestedPart.Multi(disposition, language, (PartSemantics)semantics, parts.MoveToImmutable());
    }

    private static ExternalContent ReadExternal(CborReader reader)
    {
        string url = ReadText(reader, LongTextCharsMax);
        uint expires = reader.ReadUInt32();
        ulong size = reader.ReadUInt64();
        uint encAlg = reader.ReadUInt32();
        byte[] key = ReadBytes(reader, ShortBytesMax);
        byte[] nonce = ReadBytes(reader, ShortBytesMax);
        byte[] aad = ReadBytes(reader, ShortBytesMax);
        uint hashAlg = reader.ReadUInt32();
        byte[] hash = ReadBytes(reader, ShortBytesMax);
        string description = ReadText(reader, LongTextCharsMax);
        string fileName = ReadText(reader, ShortTextCharsMax);
        Require(encAlg <= ushort.MaxValue && hashAlg <= byte.MaxValue);
        return new ExternalContent(url, expires, size, (ushort)encAlg, key, nonce, aad, (byte)hashAlg, hash, description, fileName);
    }

    private static bool TryReadNull(CborReader reader)
    {
        if (reader.PeekState() != CborReaderState.Null)
            return false;
        reader.ReadNull();
        return true;
    }

    private static string ReadText(CborReader reader, int charsMax)
    {
        string text = reader.ReadTextString();
        Require(text.Length <= charsMax);
        return text;
    }

    private static byte[] ReadBytes(CborReader reader, int bytesMax)
    {
        byte[] bytes = reader.ReadByteString();
        Require(bytes.Length <= bytesMax);
        return bytes;
    }

    private static void Require(bool condition)
    {
        if (!condition)
            throw new FormatException();
    }
}
