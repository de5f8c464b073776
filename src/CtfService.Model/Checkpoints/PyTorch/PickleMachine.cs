using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using CtfService.Core.Models;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// Reads a pickle (CPython, Lib/pickletools.py, protocols 0 to 5) as plain data. The operations that call something are answered for the names of
/// <see cref="PickleGlobal"/> only; any other name ends the reading.
/// </summary>
internal ref struct PickleMachine
{
    private const int HighestProtocol = 5;

    private readonly string _path;
    private readonly PickleBuilder _builder;
    private readonly ReadOnlySpan<byte> _pickle;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _position;

    private PickleMachine(string path, ReadOnlySpan<byte> pickle, PickleBuilder builder)
    {
        _path = path;
        _pickle = pickle;
        _builder = builder;
    }

    /// <summary>The pickled value and the bytes it took; more may follow.</summary>
    /// <exception cref="CheckpointException">The pickle is damaged, too large, or names something outside the closed list.</exception>
    public static object? Read(string path, ReadOnlySpan<byte> bytes, PickleBuilder builder, out int length)
    {
        var machine = new PickleMachine(path, bytes[..Math.Min(bytes.Length, PickleLimits.Length)], builder);
        var value = machine.Run();
        length = machine._position;
        return value;
    }

    private object? Run()
    {
        for (var operations = 0; operations < PickleLimits.Operations; operations++)
        {
            var code = Byte();
            if (code == (byte)'.')
            {
                return Pop();
            }

            Execute((char)code);
        }

        throw Refuse($"the pickle has more than {PickleLimits.Operations} operations");
    }

    private void Execute(char code)
    {
        switch (code)
        {
            case '\x80': Require(Byte() <= HighestProtocol, $"the pickle is of a protocol above {HighestProtocol}"); break;
            case '\x95': Take(sizeof(ulong)); break; // frame: a hint about lengths

            case 'N': Push(null); break;
            case '\x88': Push(true); break;
            case '\x89': Push(false); break;
            case 'K': Push((long)Byte()); break;
            case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)))); break;
            case 'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)))); break;
            case '\x8a': PushInteger(Integer(Take(Byte()))); break;
            case '\x8b': PushInteger(Integer(Take(Length32()))); break;
            case 'I': PushDecimalOrBoolean(Line()); break;
            case 'L': PushInteger(Decimal(Line().TrimEnd((byte)'L'))); break;
            case 'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double)))); break;
            case 'F': Push(Float(Line())); break;

            case 'X': Push(Utf8(Take(Length32()))); break;
            case '\x8c': Push(Utf8(Take(Byte()))); break;
            case '\x8d': Push(Utf8(Take(Length64()))); break;
            case 'U': Push(Encoding.Latin1.GetString(Take(Byte()))); break;
            case 'T': Push(Encoding.Latin1.GetString(Take(Length32()))); break;
            case 'C': Push(Take(Byte()).ToArray()); break;
            case 'B': Push(Take(Length32()).ToArray()); break;
            case '\x8e': Push(Take(Length64()).ToArray()); break;

            case '(': _marks.Push(_stack.Count); break;
            case '0': Pop(); break;
            case '1': PopToMark(); break;
            case '2': Push(Peek()); break;

            case ')': Push(Array.Empty<object?>()); break;
            case '\x85': Push(PopLast(1)); break;
            case '\x86': Push(PopLast(2)); break;
            case '\x87': Push(PopLast(3)); break;
            case 't': Push(PopToMark()); break;
            case ']': Push(new List<object?>()); break;
            case 'l': Push(new List<object?>(PopToMark())); break;
            case 'a': Append(PopLast(1)); break;
            case 'e': Append(PopToMark()); break;
            case '}': Push(new PickleDictionary()); break;
            case 'd': Push(SetItems(new PickleDictionary(), PopToMark())); break;
            case 's': SetItems(PopLast(2)); break;
            case 'u': SetItems(PopToMark()); break;

            case 'p': Remember(LineNumber()); break;
            case 'q': Remember(Byte()); break;
            case 'r': Remember(Length32()); break;
            case '\x94': Remember(_memo.Count); break;
            case 'g': Push(Recall(LineNumber())); break;
            case 'h': Push(Recall(Byte())); break;
            case 'j': Push(Recall(Length32())); break;

            case 'c': Push(Global(Encoding.UTF8.GetString(Line()), Encoding.UTF8.GetString(Line()))); break;
            case '\x93': PushStackGlobal(PopLast(2)); break;
            case 'R': PushCall(PopLast(2), _builder.Call); break;
            case '\x81': PushCall(PopLast(2), _builder.New); break;
            case 'b': Build(PopLast(1)[0]); break;
            case 'Q': Push(_builder.PersistentId(Pop())); break;

            default:
                throw Refuse($"the pickle has the operation 0x{(int)code:x2} at byte {_position - 1}, which no checkpoint needs");
        }
    }

    private void PushStackGlobal(object?[] names) =>
        Push(names is [string module, string name] ? Global(module, name) : throw Refuse("the pickle names something without saying it in text"));

    private readonly PickleGlobal Global(string module, string name) => PickleGlobal.Find($"{module}.{name}") ?? throw Refuse(
        $"the pickle names '{module}.{name}', which is none of what tensors need ({PickleGlobal.Names}). Nothing of it was executed; do not open this file with anything else");

    private void PushCall(object?[] call, Func<PickleGlobal, object?[], object?> make) => Push(
        call is [PickleGlobal callee, object?[] arguments] ? make(callee, arguments) : throw Refuse("the pickle calls something that is not a name with arguments"));

    private void Build(object? state)
    {
        switch (Peek(), state)
        {
            case (PickleObject target, PickleDictionary attributes):
                foreach (var (name, value) in attributes.Items)
                {
                    target.Attributes.Set(name, value);
                }

                break;
            case (PickleDictionary, _):
                break; // an OrderedDict's own attributes, such as a state dict's _metadata
            default:
                throw Refuse("the pickle gives state to something that has none");
        }
    }

    private void Append(object?[] items)
    {
        var list = Peek() as List<object?> ?? throw Refuse("the pickle appends to something that is not a list");
        list.AddRange(items);
    }

    private void SetItems(object?[] items) =>
        SetItems(Peek() as PickleDictionary ?? throw Refuse("the pickle sets items of something that is not a dict"), items);

    private readonly PickleDictionary SetItems(PickleDictionary dictionary, object?[] items)
    {
        Require(items.Length % 2 == 0, "the pickle sets a key without a value");
        for (var i = 0; i < items.Length; i += 2)
        {
            dictionary.Set(items[i] ?? throw Refuse("the pickle has a dict with the key None"), items[i + 1]);
        }

        return dictionary;
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Pop() => PopLast(1)[0];

    private readonly object? Peek()
    {
        RequireAboveMark(1);
        return _stack[^1];
    }

    private object?[] PopLast(int count)
    {
        RequireAboveMark(count);
        return Cut(_stack.Count - count);
    }

    private object?[] PopToMark()
    {
        Require(_marks.TryPop(out var mark), "the pickle closes a group that it did not open");
        return Cut(mark);
    }

    private readonly object?[] Cut(int start)
    {
        var items = CollectionsMarshal.AsSpan(_stack)[start..].ToArray();
        _stack.RemoveRange(start, items.Length);
        return items;
    }

    private readonly void RequireAboveMark(int count) =>
        Require(_stack.Count - count >= (_marks.TryPeek(out var mark) ? mark : 0), "the pickle takes more from its stack than it put there");

    private readonly void Remember(long place)
    {
        Require(place < PickleLimits.Operations, $"the pickle keeps a value at place {place}, expected at most {PickleLimits.Operations}");
        _memo[place] = Peek();
    }

    private readonly object? Recall(long place) => _memo.TryGetValue(place, out var value) ? value : throw Refuse($"the pickle recalls value {place}, which it never kept");

    private byte Byte() => Take(1)[0];

    private int Length32() => Checked(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint))));

    private int Length64() => Checked(BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong))));

    private readonly int Checked(ulong length)
    {
        Require(length <= int.MaxValue, $"the pickle announces {length} bytes");
        return (int)length;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        Require(
            count <= _pickle.Length - _position,
            $"the pickle ends in the middle of an operation at byte {_position}, or is longer than {PickleLimits.Length} bytes");
        _position += count;
        return _pickle.Slice(_position - count, count);
    }

    private ReadOnlySpan<byte> Line()
    {
        var length = _pickle[_position..].IndexOf((byte)'\n');
        Require(length >= 0, "the pickle ends in the middle of a line");
        var line = Take(length + 1)[..length];
        return line.TrimEnd((byte)'\r');
    }

    private long LineNumber()
    {
        var line = Line();
        return Utf8Parser.TryParse(line, out long number, out var used) && used == line.Length && number >= 0
            ? number
            : throw Refuse("the pickle has a place in its memory that is not a number");
    }

    private static string Utf8(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    private void PushInteger(BigInteger number)
    {
        if (number >= long.MinValue && number <= long.MaxValue)
        {
            Push((long)number);
        }
        else
        {
            Push(number);
        }
    }

    /// <summary>Two's complement, least significant byte first, as long as it needs.</summary>
    private readonly BigInteger Integer(ReadOnlySpan<byte> bytes)
    {
        Require(bytes.Length <= PickleLimits.IntegerBytes, $"the pickle has a whole number of {bytes.Length} bytes");
        return new BigInteger(bytes);
    }

    /// <summary>Protocol 0 writes booleans as the numbers 00 and 01.</summary>
    private void PushDecimalOrBoolean(ReadOnlySpan<byte> line)
    {
        if (line.SequenceEqual("00"u8) || line.SequenceEqual("01"u8))
        {
            Push(line[1] == (byte)'1');
        }
        else
        {
            PushInteger(Decimal(line));
        }
    }

    private readonly BigInteger Decimal(ReadOnlySpan<byte> line) =>
        line.Length <= PickleLimits.IntegerBytes
        && BigInteger.TryParse(Encoding.Latin1.GetString(line), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refuse("the pickle has a whole number that is none");

    private readonly double Float(ReadOnlySpan<byte> line) =>
        line.Length <= PickleLimits.IntegerBytes && double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refuse("the pickle has a number that is none");

    private readonly void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw Refuse(problem);
        }
    }

    private readonly CheckpointException Refuse(string problem) => new($"{_path}: {problem}.");
}
