using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using CtfService.Core.Models;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// Interprets a pickle (CPython, Lib/pickletools.py, protocols 0 to 5) as plain data. Only the names in <see cref="PickleGlobal"/> can be called; any other
/// name is an error.
/// </summary>
internal ref struct PickleMachine
{
    private const int HighestProtocol = 5;

    private readonly string _path;
    private readonly PickleBuilder _builder;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];
    private PickleInput _input;

    private PickleMachine(string path, ReadOnlySpan<byte> pickle, PickleBuilder builder)
    {
        _path = path;
        _input = new PickleInput(path, pickle);
        _builder = builder;
    }

    /// <summary>Reads one pickled value; more data may follow it.</summary>
    /// <param name="length">The number of bytes read.</param>
    /// <exception cref="CheckpointException">The pickle is damaged, too large, or names an unsupported global.</exception>
    public static object? Read(string path, ReadOnlySpan<byte> bytes, PickleBuilder builder, out int length)
    {
        var machine = new PickleMachine(path, bytes[..Math.Min(bytes.Length, PickleLimits.Length)], builder);
        var value = machine.Run();
        length = machine._input.Position;
        return value;
    }

    private object? Run()
    {
        for (var opcodes = 0; opcodes < PickleLimits.Opcodes; opcodes++)
        {
            var code = _input.Byte();
            if (code == (byte)'.')
            {
                return Pop();
            }

            Execute((char)code);
        }

        throw Refuse($"the pickle has more than {PickleLimits.Opcodes} opcodes");
    }

    private void Execute(char code)
    {
        switch (code)
        {
            case '\x80': Require(_input.Byte() <= HighestProtocol, $"the pickle uses a protocol above {HighestProtocol}"); break;
            case '\x95': _input.Take(sizeof(ulong)); break; // frame: a hint for buffering

            case 'N': Push(null); break;
            case '\x88': Push(true); break;
            case '\x89': Push(false); break;
            case 'K': Push((long)_input.Byte()); break;
            case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(_input.Take(sizeof(ushort)))); break;
            case 'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(_input.Take(sizeof(int)))); break;
            case '\x8a': Push(_input.Integer(_input.Byte())); break;
            case '\x8b': Push(_input.Integer(_input.Length32())); break;
            case 'I': Push(_input.DecimalOrBoolean()); break;
            case 'L': Push(_input.Decimal()); break;
            case 'G': Push(BinaryPrimitives.ReadDoubleBigEndian(_input.Take(sizeof(double)))); break;
            case 'F': Push(_input.Float()); break;

            case 'X': Push(_input.Utf8(_input.Length32())); break;
            case '\x8c': Push(_input.Utf8(_input.Byte())); break;
            case '\x8d': Push(_input.Utf8(_input.Length64())); break;
            case 'U': Push(_input.Latin1(_input.Byte())); break;
            case 'T': Push(_input.Latin1(_input.Length32())); break;
            case 'S': Push(_input.Quoted()); break;
            case 'V': Push(_input.RawUnicode()); break;
            case 'C': Push(_input.Take(_input.Byte()).ToArray()); break;
            case 'B': Push(_input.Take(_input.Length32()).ToArray()); break;
            case '\x8e' or '\x96': Push(_input.Take(_input.Length64()).ToArray()); break;

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
            case '\x8f': Push(new List<object?>()); break;
            case '\x90': Append(PopToMark()); break;
            case '\x91': Push(PopToMark()); break;
            case '}': Push(new PickleDictionary()); break;
            case 'd': Push(SetItems(new PickleDictionary(), PopToMark())); break;
            case 's': SetItems(PopLast(2)); break;
            case 'u': SetItems(PopToMark()); break;

            case 'p': Memoize(_input.MemoIndex()); break;
            case 'q': Memoize(_input.Byte()); break;
            case 'r': Memoize(_input.Length32()); break;
            case '\x94': Memoize(_memo.Count); break;
            case 'g': Push(Recall(_input.MemoIndex())); break;
            case 'h': Push(Recall(_input.Byte())); break;
            case 'j': Push(Recall(_input.Length32())); break;

            case 'c': Push(Global(_input.Utf8Line(), _input.Utf8Line())); break;
            case '\x93': PushStackGlobal(PopLast(2)); break;
            case 'R': PushCall(PopLast(2), _builder.Call); break;
            case '\x81': PushCall(PopLast(2), _builder.New); break;
            case '\x92': PushNewWithNames(PopLast(3)); break;
            case 'i': PushCall([Global(_input.Utf8Line(), _input.Utf8Line()), PopToMark()], _builder.Call); break;
            case 'o': PushCallOfFirst(PopToMark()); break;
            case 'b': Build(PopLast(1)[0]); break;
            case 'Q': Push(_builder.PersistentId(Pop())); break;

            default:
                throw Refuse($"the pickle has the unsupported opcode 0x{(int)code:x2} at byte {_input.Position - 1}");
        }
    }

    private void PushStackGlobal(object?[] names) =>
        Push(names is [string module, string name] ? Global(module, name) : throw Refuse("the pickle names a global with operands that are not strings"));

    private readonly PickleGlobal Global(string module, string name) => PickleGlobal.Find($"{module}.{name}") ?? throw Refuse(
        PickleNames.RunsCode(module, name)
            ? $"the pickle names '{module}.{name}', which can run code. Nothing was executed; do not open this file with any other program"
            : $"the pickle names '{module}.{name}', a class that is not supported; nothing was executed. "
                + "Save only the weights, in an environment that has this class: torch.save(model.state_dict(), 'weights.pt')");

    private void PushCall(object?[] call, Func<PickleGlobal, object?[], object?> make) => Push(
        call is [PickleGlobal callee, object?[] arguments]
            ? make(callee, arguments)
            : throw Refuse("the pickle calls something other than a global with a tuple of arguments"));

    private void PushNewWithNames(object?[] call)
    {
        Require(call is [_, _, PickleDictionary { Items.Count: 0 }], "the pickle creates an object with keyword arguments");
        PushCall(call[..2], _builder.New);
    }

    private void PushCallOfFirst(object?[] call)
    {
        Require(call.Length > 0, "the pickle calls something other than a global with a tuple of arguments");
        PushCall([call[0], call[1..]], _builder.Call);
    }

    private void Build(object? state)
    {
        switch (Peek(), state)
        {
            case (PickleObject target, PickleDictionary attributes):
                Copy(attributes, target);
                break;
            case (PickleObject target, object?[] and [PickleDictionary or null, PickleDictionary or null] parts): // attributes and slots
                foreach (var part in parts.OfType<PickleDictionary>())
                {
                    Copy(part, target);
                }

                break;
            case (PickleObject target, _):
                target.State = state;
                break;
            case (PickleDictionary or PyTorchTensor, _):
                break; // attributes of the object itself, such as a state dict's _metadata
            default:
                throw Refuse("the pickle sets the state of a value that has none");
        }
    }

    private readonly void Copy(PickleDictionary attributes, PickleObject target)
    {
        _builder.Copy(attributes.Items.Count);
        foreach (var (name, value) in attributes.Items)
        {
            target.Attributes.Set(name, value);
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
            dictionary.Set(items[i] ?? DBNull.Value, items[i + 1]);
        }

        return dictionary;
    }

    /// <summary>Integers become long if they fit.</summary>
    private readonly void Push(object? value) => _stack.Add(
        value is BigInteger number && number >= long.MinValue && number <= long.MaxValue ? (long)number : value);

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
        Require(_marks.TryPop(out var mark), "the pickle pops to a mark that it did not push");
        return Cut(mark);
    }

    private readonly object?[] Cut(int start)
    {
        var items = CollectionsMarshal.AsSpan(_stack)[start..].ToArray();
        _stack.RemoveRange(start, items.Length);
        return items;
    }

    private readonly void RequireAboveMark(int count) =>
        Require(_stack.Count - count >= (_marks.TryPeek(out var mark) ? mark : 0), "the pickle pops more values from its stack than it pushed");

    private readonly void Memoize(long index)
    {
        Require(index < PickleLimits.Opcodes, $"the pickle uses the memo index {index}; expected less than {PickleLimits.Opcodes}");
        _memo[index] = Peek();
    }

    private readonly object? Recall(long index) => _memo.TryGetValue(index, out var value)
        ? value
        : throw Refuse($"the pickle reads the memo index {index}, which it never set");

    private readonly void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw Refuse(problem);
        }
    }

    private readonly CheckpointException Refuse(string problem) => new($"{_path}: {problem}.");
}
