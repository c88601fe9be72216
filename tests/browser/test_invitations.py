"""From a table of thirty people to the first task of one of them, on a phone; and a join link."""

import pytest
from playwright.sync_api import expect

from corpus.models import Invitation, JoinRequest
from tests.factories import make_corpus, make_dialogue, make_member, make_person, open_round

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 800}}
SECRET = "一句很长的口令 2026"


@pytest.fixture
def corpus():
    corpus = make_corpus(make_person("lead", name="林岚"), name="对话语料")
    for _ in range(2):
        make_dialogue(corpus)
    return corpus


@pytest.fixture
def phone(chromium, live_server):
    """A phone on which nobody is signed in, in Chinese."""
    context = chromium.new_context(locale="zh-CN", base_url=live_server.url, **PHONE)
    yield context.new_page()
    context.close()


def register(page, username, name):
    page.fill("[name=username]", username)
    page.fill("[name=name]", name)
    for field in ("password1", "password2"):
        page.fill(f"[name={field}]", SECRET)
    page.get_by_role("button", name="创建账号").tap()


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_thirty_people_of_a_table_and_one_who_asks(sign_in, phone, corpus, tmp_path):
    opened = open_round(corpus, [make_member(corpus)], name="第一轮")
    table = tmp_path / "名单.csv"
    rows = "".join(f"标注者,同学{n},s{n}@example.org\n" for n in range(30))
    table.write_bytes(f"角色,姓名,邮箱\n{rows}".encode("gb18030"))
    lead = sign_in("lead", locale="zh-CN")
    lead.goto(f"/corpora/{corpus.pk}/invitations/")
    lead.set_input_files("[name=file]", table)
    lead.select_option("[name=round]", label="第一轮")
    lead.locator("form.fields").get_by_role("button", name="邀请成员").click()
    expect(lead.get_by_text("可邀请 30 人")).to_be_visible()
    assert not Invitation.objects.exists()
    lead.get_by_role("button", name="创建邀请").click()
    expect(lead.locator(".link-cards li")).to_have_count(30)
    assert lead.locator(".link-cards img").first.evaluate("image => image.naturalWidth") > 100
    lead.locator(".link-cards button").first.click()
    expect(lead.locator(".link-cards button").first).to_have_text("已复制")

    phone.goto(lead.locator(".link-cards code").first.inner_text())
    expect(phone.locator("[name=name]")).to_have_value("同学0")
    assert fits(phone)
    register(phone, "xiaoming", "小明")
    phone.get_by_role("button", name="开始标注").tap()
    phone.wait_for_url("**/assignments/*/")
    assert opened.assignments.get().person.username == "xiaoming"

    lead.goto(f"/corpora/{corpus.pk}/join-link/")
    lead.get_by_role("button", name="启用").click()
    address = lead.locator(".link-cards code").inner_text()
    phone.context.clear_cookies()
    phone.goto(address)
    register(phone, "xiaohong", "小红")
    expect(phone.get_by_text("申请加入“对话语料”")).to_be_visible()
    assert fits(phone)
    lead.goto(f"/corpora/{corpus.pk}/members/")
    lead.get_by_label("轮次").select_option(label="第一轮")
    lead.get_by_role("button", name="批准").click()
    expect(lead.get_by_text("小红 已成为成员")).to_be_visible()
    assert JoinRequest.objects.get().approved
    phone.goto("/tasks/")
    expect(phone.get_by_role("button", name="开始标注")).to_be_visible()
