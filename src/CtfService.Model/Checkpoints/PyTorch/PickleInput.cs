using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;
using CtfService.Core.Models;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>Reads the operands of the opcodes in a pickle.</summary>
/// <param name="path">For error messages.</param>
internal ref struct PickleInput(string path, ReadOnlySpan<byte> bytes)
{
    private readonly string _path = path;
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>The number of bytes read so far.</summary>
    public int Position { get; private set; }

    public byte Byte() => Take(1)[0];

    public int Length32() => Checked(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint))));

    public int Length64() => Checked(BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong))));

    private readonly int Checked(ulong length)
    {
        Require(length <= int.MaxValue, $"the pickle declares an operand of {length} bytes");
        return (int)length;
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        Require(
            count <= _bytes.Length - Position,
            $"the pickle ends within an opcode at byte {Position}, or is longer than {PickleLimits.Length} bytes");
        Position += count;
        return _bytes.Slice(Position - count, count);
    }

    private ReadOnlySpan<byte> Line()
    {
        var length = _bytes[Position..].IndexOf((byte)'\n');
        Require(length >= 0, "the pickle ends within a line");
        var line = Take(length + 1)[..length];
        return line.TrimEnd((byte)'\r');
    }

    public long MemoIndex()
    {
        var line = Line();
        return Utf8Parser.TryParse(line, out long number, out var used) && used == line.Length && number >= 0
            ? number
            : throw Refuse("the pickle has a malformed memo index");
    }

    /// <summary>Protocol 0: a string as written by Python's <c>repr</c>. Escapes are not decoded, because names of tensors have none.</summary>
    public string Quoted()
    {
        var line = Line();
        Require(line.Length >= 2 && line[0] == line[^1] && line[0] is (byte)'\'' or (byte)'"', "the pickle has a string without quotation marks");
        return Encoding.Latin1.GetString(line[1..^1]);
    }

    /// <summary>Protocol 0: Latin-1, with <c>\uXXXX</c> for other characters.</summary>
    public string RawUnicode() => Regex.Replace(
        Encoding.Latin1.GetString(Line()),
        @"\\u([0-9a-fA-F]{4})",
        match => ((char)int.Parse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString());

    public string Utf8(int length) => Encoding.UTF8.GetString(Take(length));

    public string Latin1(int length) => Encoding.Latin1.GetString(Take(length));

    public string Utf8Line() => Encoding.UTF8.GetString(Line());

    /// <summary>A little-endian integer in two's complement, of any length.</summary>
    public BigInteger Integer(int length)
    {
        var bytes = Take(length);
        Require(bytes.Length <= PickleLimits.IntegerBytes, $"the pickle has an integer of {bytes.Length} bytes; expected at most {PickleLimits.IntegerBytes}");
        return new BigInteger(bytes);
    }

    /// <summary>Protocol 0 writes booleans as the numbers 00 and 01.</summary>
    public object DecimalOrBoolean()
    {
        var line = Line();
        return line.SequenceEqual("00"u8) || line.SequenceEqual("01"u8) ? line[1] == (byte)'1' : Decimal(line);
    }

    public BigInteger Decimal() => Decimal(Line().TrimEnd((byte)'L'));

    public double Float()
    {
        var line = Line();
        return line.Length <= PickleLimits.IntegerBytes && double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refuse("the pickle has a malformed float");
    }

    private readonly BigInteger Decimal(ReadOnlySpan<byte> line) =>
        line.Length <= PickleLimits.IntegerBytes
        && BigInteger.TryParse(Encoding.Latin1.GetString(line), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refuse("the pickle has a malformed integer");

    private readonly void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw Refuse(problem);
        }
    }

    private readonly CheckpointException Refuse(string problem) => new($"{_path}: {problem}.");
}
