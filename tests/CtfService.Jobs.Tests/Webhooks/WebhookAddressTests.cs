using System.Net;
using CtfService.Jobs.Webhooks;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Webhooks;

/// <summary>Which addresses webhooks may have.</summary>
public sealed class WebhookAddressTests
{
    private static readonly JobsOptions Options = new() { WebhookSecret = "a secret of the tests, long enough" };

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::7f00:1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("fc00::1")]
    [InlineData("fd12:3456::1")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    public void Contain_PrivateAddress_IsTrue(string address) => Assert.True(PrivateNetworks.Contain(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("93.184.215.14")]
    [InlineData("100.128.0.1")]
    [InlineData("172.32.0.1")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("64:ff9b::101:101")]
    public void Contain_PublicAddress_IsFalse(string address) => Assert.False(PrivateNetworks.Contain(IPAddress.Parse(address)));

    [Theory]
    [InlineData("https://example.org/hooks/ctf?token=x")]
    [InlineData("http://example.org:8080/")]
    [InlineData("https://1.1.1.1/")]
    [InlineData("https://bücher.example/")]
    public void Problem_UsableAddress_IsNull(string address) => Assert.Null(WebhookAddressCheck.Problem(address, Options));

    [Theory]
    [InlineData("", "no web address")]
    [InlineData("example.org/hook", "no web address")]
    [InlineData("ftp://example.org/", "no web address")]
    [InlineData("file:///etc/passwd", "no web address")]
    [InlineData("https://user:password@example.org/", "credentials")]
    [InlineData("https://example.org/#a", "fragment")]
    [InlineData("http://localhost:5080/", "Jobs:WebhooksToPrivateNetworks")]
    [InlineData("http://LOCALHOST./", "Jobs:WebhooksToPrivateNetworks")]
    [InlineData("http://a.localhost/", "Jobs:WebhooksToPrivateNetworks")]
    [InlineData("http://169.254.169.254/latest/meta-data", "Jobs:WebhooksToPrivateNetworks")]
    [InlineData("http://2130706433/", "Jobs:WebhooksToPrivateNetworks")]
    [InlineData("http://0x7f.1/", "Jobs:WebhooksToPrivateNetworks")]
    [InlineData("http://[::1]/", "Jobs:WebhooksToPrivateNetworks")]
    [InlineData("http://[::ffff:a00:1]/", "Jobs:WebhooksToPrivateNetworks")]
    public void Problem_UnusableAddress_SaysWhy(string address, string expected) =>
        Assert.Contains(expected, WebhookAddressCheck.Problem(address, Options), StringComparison.Ordinal);

    [Fact]
    public void Problem_PrivateNetworksAllowed_IsNull() =>
        Assert.Null(WebhookAddressCheck.Problem("http://localhost:5080/", Options with { WebhooksToPrivateNetworks = true }));

    [Fact]
    public void Problem_NoSecretOrLongAddress_SaysWhy()
    {
        Assert.Contains("Jobs:WebhookSecret", WebhookAddressCheck.Problem("https://example.org/", new JobsOptions()), StringComparison.Ordinal);
        Assert.Contains("at most 2048", WebhookAddressCheck.Problem($"https://example.org/{new string('x', 2_048)}", Options), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true)]
    [InlineData("any text that is long enough", true)]
    [InlineData("whsec_this-is-not-base64!", false)]
    public void Validate_Secret_MustBeBase64IfItSaysSo(string secret, bool isValid)
    {
        var result = new JobsOptionsValidator().Validate(name: null, Options with { WebhookSecret = secret });

        Assert.Equal(isValid, result.Succeeded);
        Assert.DoesNotContain("this-is-not", result.FailureMessage ?? "", StringComparison.Ordinal);
    }

    /// <summary>The test vector of the reference implementations (standard-webhooks/standard-webhooks).</summary>
    [Fact]
    public void Of_VectorOfTheReference_IsTheSame() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        WebhookSignature.Of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, """{"test": 2432232314}"""u8));
}
